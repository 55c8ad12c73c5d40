import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FileWriter } from './file-writer.ts';
import type { Wanted } from './wanted.ts';

/** What stands before the first row. A spreadsheet takes a file without a byte order mark for one of its own country. */
function headOf({ format, dialect, columns }: Wanted): string {
  if (format !== 'csv') return '';
  return `${dialect === 'excel' ? '\ufeff' : ''}${columns.map(({ name }) => name).join(',')}\r\n`;
}

/** Begins a CSV or NDJSON file. @throws what the file system says */
export async function textFile(path: string, wanted: Wanted): Promise<FileWriter> {
  const file = await open(path, 'wx', 0o600);
  const hash = createHash('sha256');
  let bytes = 0;
  const append = async (text: string) => {
    const written = Buffer.from(text);
    hash.update(written);
    for (let at = 0; at < written.length; ) at += (await file.write(written, at)).bytesWritten;
    bytes += written.length;
    return bytes;
  };
  try {
    await append(headOf(wanted));
  } catch (error) {
    await file.close();
    throw error;
  }
  return {
    async write({ pieces }) {
      const [piece = ''] = pieces;
      return append(typeof piece === 'string' ? piece : piece.join(''));
    },
    finish: async () => ({ bytes, hash: hash.digest('base64url') }),
    close: () => file.close(),
  };
}
