/**
 * The test command: `npm test [-- <part of a file's name> ...] [-- --test-name-pattern=...]`.
 * Starts one server for all test files and hands node their list, because Node 20 takes no patterns.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { startTestServer } from './support/server.ts';

const folder = dirname(fileURLToPath(import.meta.url));
const flags = process.argv.slice(2).filter((one) => one.startsWith('-'));
const parts = process.argv.slice(2).filter((one) => !one.startsWith('-'));
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => relative('.', join(folder, file)))
  .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
  .sort();

/**
 * Runs the files; the answer is the exit code. Node itself is content where there are no tests, and takes a file without
 * any for a test that passed; both are failures here.
 */
async function runFiles(server: string): Promise<number> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', '--test', '--test-concurrency=2', '--test-timeout=600000', '--test-reporter=spec']
      .concat(flags)
      .concat(files),
    {
      env: { ...process.env, TEST_SERVER: server, ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}) },
      stdio: ['inherit', 'pipe', 'inherit'],
    },
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  const exit = once(child, 'exit');
  let tests = 0;
  let emptyFiles = 0;
  for await (const line of createInterface(child.stdout)) {
    console.log(line);
    const plain = stripVTControlCharacters(line);
    tests = Number(/^ℹ tests (\d+)$/.exec(plain)?.[1] ?? tests);
    if (/^✔ .*\.test\.ts \(/.test(plain)) emptyFiles += 1;
  }
  const [code] = await exit;
  if (tests > 0 && emptyFiles === 0) return code ?? 1;
  console.error(tests === 0 ? 'No tests were run.' : 'A file has no tests: it is listed above under its own name.');
  return 1;
}

if (files.length === 0) {
  console.error(`No test file has ${parts.join(' or ')} in its name.`);
  process.exitCode = 1;
} else {
  const server = await startTestServer();
  try {
    process.exitCode = await runFiles(JSON.stringify(server.connection));
  } finally {
    await server.stop();
  }
}
