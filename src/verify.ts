import closeWithGrace from 'close-with-grace';
import { readConfig } from './config.ts';
import { verifyMatches } from './matching/verify.ts';
import { type Verification, verify } from './outcomes/verify.ts';
import { openExisting } from './start.ts';

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
  const opened = await openExisting(readConfig(process.env), console.error);
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
