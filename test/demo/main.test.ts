import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/demo/main.ts', import.meta.url));

/** Starts `npm run demo` as a newcomer would, on a folder of its own. */
async function startDemo(t: TestContext, env: NodeJS.ProcessEnv) {
  const folder = await mkdtemp(join(tmpdir(), 'mm-demo-'));
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', main], {
    env: { PATH, HOME, DATA_DIR: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exit = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGINT');
    await exit;
    await rm(folder, { recursive: true });
  });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err += text));
  const until = async (sign: string) => {
    while (!said.out.includes(sign)) {
      const ended = await Promise.race([exit, once(child.stdout, 'data').then(() => undefined)]);
      assert.equal(ended, undefined, said.out + said.err);
    }
  };
  return { folder, child, exit, said, until };
}

/** Goes through the tour of the README. @returns a line for each request: its status and its address */
async function tourOf(origin: string, key_file: string): Promise<string[]> {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const [, tour = ''] = /^## A tour with curl$(.*)^## How BI tools connect$/ms.exec(readme) ?? [];
  const script = [...tour.matchAll(/^```sh\n(.*?)^```$/gms)]
    .map(([, block]) => block)
    .join('\n')
    .replace('http://127.0.0.1:4000', origin)
    .replace('.data/admin-key', key_file);
  const told = `curl() { command curl -sS -w '%{stderr}%{http_code} %{url_effective}\\n' "$@"; }\n`;
  const child = spawn('sh', ['-c', told + script], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  await once(child, 'close');
  return said.trim().split('\n');
}

test('npm run demo tells what it found, stays up, and ends in order on Ctrl-C', async (t) => {
  const { folder, child, exit, said, until } = await startDemo(t, { PORT: '0' });
  await until('Ctrl-C');
  assert.equal(said.err, '');
  const key_file = join(folder, 'admin-key');
  const key = (await readFile(key_file, 'utf8')).trim();
  assert.ok(!said.out.includes(key), 'the key is printed');
  const requests = [...said.out.matchAll(/^ {2}curl -s -H "Authorization: Bearer \$\(cat (.+)\)" '(.+)'$/gm)];
  assert.equal(requests.length, 5);
  for (const [, file, url = ''] of requests) {
    assert.equal(file, key_file);
    const reply = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
    assert.equal(reply.status, 200);
    await reply.body?.cancel();
  }
  const [, origin = '', link_key = ''] = /^ {2}(http\S+)\/scorecard#key=(\S+)$/m.exec(said.out) ?? [];
  assert.equal((await fetch(`${origin}/scorecard`)).status, 200);
  const card = await fetch(`${origin}/v1/scorecard`, { headers: { authorization: `Bearer ${link_key}` } });
  assert.equal(((await card.json()) as { goals: object[] }).goals.length, 3);
  const [docs = ''] = /http\S+\/docs/.exec(said.out) ?? [];
  assert.equal((await fetch(docs)).status, 200);

  const curl = spawnSync('curl', ['--version']);
  const skip = curl.status === 0 ? false : 'no curl';
  await t.test('the tour in the README goes through, and spoils none of its answers', { skip }, async () => {
    const summary = () =>
      fetch(`${origin}/v1/outcomes/summary?survey=nps`, { headers: { authorization: `Bearer ${key}` } })
        .then((reply) => reply.json())
        .then((answer) => (answer as { reads_as: string }).reads_as);
    const before = await summary();
    const statuses = await tourOf(origin, key_file);
    assert.ok(statuses.length >= 25, statuses.join('\n'));
    // One is refused, as the tour says: a goal that ranks people.
    assert.deepEqual(
      statuses.filter((line) => !/^20[01] /.test(line)).map((line) => line.replace(/[0-9a-f-]{36}/, 'ID')),
      [`422 ${origin}/v1/goals/ID/publish`],
    );
    assert.equal(await summary(), before);
  });

  await t.test('a second one on the same port says so and ends', async (t) => {
    const second = await startDemo(t, { PORT: new URL(docs).port });
    const [code] = await second.exit;
    assert.equal(code, 1);
    assert.match(second.said.err, /^The port is in use.*PORT=/);
    assert.ok(!existsSync(join(second.folder, 'postgres', 'postmaster.pid')), 'its PostgreSQL is left running');
  });

  child.kill('SIGINT');
  assert.deepEqual(await exit, [0, null]);
  assert.match(said.out, /\nThe service stops \(SIGINT\)\.\n$/);
  assert.equal(said.err, '');
  assert.ok(!existsSync(join(folder, 'postgres', 'postmaster.pid')), 'its PostgreSQL is left running');
});

test('a Ctrl-C while it loads ends it in order', async (t) => {
  const { folder, child, exit, said, until } = await startDemo(t, { PORT: '0' });
  await until('  units');
  child.kill('SIGINT');
  assert.deepEqual(await exit, [0, null]);
  assert.equal(said.err, '');
  assert.ok(!existsSync(join(folder, 'postgres', 'postmaster.pid')), 'its PostgreSQL is left running');
});
