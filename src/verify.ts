import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import closeWithGrace from 'close-with-grace';
import { type Config, readConfig } from './config.ts';
import { findEmbedded } from './db/embedded.ts';
import { openDatabase } from './db/pool.ts';
import { verifyMatches } from './matching/verify.ts';
import { type Verification, verify } from './outcomes/verify.ts';
import { openConfigured } from './start.ts';

/**
 * Opens the database of the settings. A service that runs keeps the embedded one for itself, but lets others ask it.
 * @throws Error where there is no database yet: to make an empty one would prove nothing.
 */
async function open(config: Config) {
  if (config.database_url === undefined) {
    const running = await findEmbedded(config.data_dir);
    if (running) {
      const db = openDatabase(running, { max: 2 });
      return { db, close: () => db.close() };
    }
    const isThere = await lstat(join(config.data_dir, 'postgres')).catch(() => undefined);
    if (!isThere)
      throw new Error(`There is no database in ${config.data_dir}. DATA_DIR or DATABASE_URL says where it is.`);
  }
  return openConfigured(config, console.error);
}

const counted = (n: number) => n.toLocaleString('en-US');

function tableOf(found: readonly Verification[]): string {
  const rows = found.map(({ table, rows, differences }) => [table, counted(rows), counted(differences)]);
  return [['table', 'rows', 'differences'], ...rows]
    .map(
      ([table = '', rows = '', differences = '']) =>
        `${table.padEnd(18)}${rows.padStart(12)}${differences.padStart(13)}`,
    )
    .join('\n');
}

let close = async () => {};
const { uninstall } = closeWithGrace({ delay: 20_000 }, () => close());

try {
  const opened = await open(readConfig(process.env));
  close = opened.close;
  const found = [...(await verify(opened.db)), ...(await verifyMatches(opened.db))];
  const differences = found.reduce((sum, one) => sum + one.differences, 0);
  console.log(tableOf(found));
  console.log(
    differences === 0
      ? 'Worked out again from the raw facts, everything is as it is stored.'
      : `${counted(differences)} rows are not what the raw facts say, so answers may be wrong. Please report it.`,
  );
  if (differences > 0) process.exitCode = 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  uninstall();
  await close();
}
