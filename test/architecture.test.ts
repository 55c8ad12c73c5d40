import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const src = join(root, 'src');

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/'));

/** The modules of our own that a file imports, as paths below src. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(src, file), 'utf8');
  return [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, path = '']) =>
    relative(src, resolve(src, dirname(file), path)).replaceAll('\\', '/'),
  );
}

/** Who may import whom: a layer may import the ones after it, never one beside or before it. */
const layers: readonly (readonly string[])[] = [
  ['main.ts', 'verify.ts', 'bi-reader.ts', 'demo'],
  ['start.ts'],
  ['app.ts', 'worker.ts'],
  ['bi'],
  ['scorecard'],
  ['analytics', 'datasets', 'keys', 'modules', 'webhooks'],
  ['matching', 'outcomes', 'managed'],
  ['feed'],
  ['http', 'db', 'stats'],
  ['currencies.ts'],
  ['errors.ts', 'config.ts'],
];

/** The part of the house that a file is in: a folder below src (each module its own), or a file at its top. */
function partOf(file: string): string {
  const [first = '', second = ''] = file.split('/');
  return first === 'modules' ? `${first}/${second}` : first;
}
const layerOf = (file: string) => layers.findIndex((names) => names.includes(file.split('/')[0] ?? ''));

test('every file has its place in a layer', () => {
  assert.deepEqual(
    files.filter((file) => layerOf(file) === -1),
    [],
  );
});

test('imports go down the layers only', () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((target) => partOf(target) !== partOf(file) && layerOf(target) <= layerOf(file))
      .map((target) => `${file} imports ${target}`),
  );
  assert.deepEqual(wrong, []);
});

test('no file imports itself through others', () => {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    assert.ok(!path.includes(file), `a circle: ${[...path.slice(path.indexOf(file)), file].join(' -> ')}`);
    if (done.has(file)) return;
    for (const target of importsOf(file)) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
});

test('only app.ts imports routes, stats imports nothing of ours, and only the settings read the environment', () => {
  for (const file of files) {
    const targets = importsOf(file);
    if (file !== 'app.ts')
      assert.deepEqual(
        targets.filter((target) => target.endsWith('routes.ts')),
        [],
        file,
      );
    if (file.startsWith('stats/'))
      assert.deepEqual(
        targets.filter((target) => !target.startsWith('stats/')),
        [],
        file,
      );
    if (file !== 'config.ts' && !['main.ts', 'verify.ts', 'bi-reader.ts', 'demo/main.ts'].includes(file))
      assert.doesNotMatch(readFileSync(join(src, file), 'utf8'), /process\.env/, `${file} reads the environment`);
  }
});

test('one file below db imports the driver', () => {
  const importers = files.filter((file) => /from 'postgres'/.test(readFileSync(join(src, file), 'utf8')));
  assert.equal(importers.length, 1);
  assert.match(importers[0] ?? '', /^db\//);
});

test('the top level holds what it is meant to hold', () => {
  const allowed =
    /^(package(-lock)?\.json|tsconfig\.json|biome\.json|src|drizzle|openapi|test|docker-compose\.yml|README\.md|LICENSE|CHANGELOG\.md|Dockerfile|node_modules|\..+)$/;
  assert.deepEqual(
    readdirSync(root).filter((name) => !allowed.test(name)),
    [],
  );
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
  assert.ok(Object.keys(scripts).length <= 10, 'package.json has more than ten scripts');
});
