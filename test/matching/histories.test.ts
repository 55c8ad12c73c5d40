import assert from 'node:assert/strict';
import fc from 'fast-check';
import { matchBatch } from '../../src/matching/match.ts';
import { verifyMatches } from '../../src/matching/verify.ts';
import { empty, response, survey, type World, worlds } from '../support/world.ts';

const words = ['late', 'rude', 'dear', 'cold'];
const text = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 4 }).map((found) => found.join(' '));
const id = fc.constantFrom('r1', 'r2', 'r3', 'r4', 'r5', 'r6');
const key = fc.constantFrom('p1', 'p2');
const phrases = fc.uniqueArray(fc.constantFrom('late', 'rude late', 'cold dear', 'dear'), { maxLength: 2 });

type Step =
  | { deed: 'send'; id: string; comment: string; theme: string }
  | { deed: 'remove'; id: string }
  | { deed: 'change'; key: string; phrases: string[]; themes: string[] }
  | { deed: 'match'; most: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ deed: fc.constant('send' as const), id, comment: text, theme: fc.constantFrom(...words) }),
  },
  { weight: 1, arbitrary: fc.record({ deed: fc.constant('remove' as const), id }) },
  {
    weight: 2,
    arbitrary: fc.record({
      deed: fc.constant('change' as const),
      key,
      phrases,
      themes: fc.uniqueArray(fc.constantFrom(...words), { maxLength: 1 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ deed: fc.constant('match' as const), most: fc.integer({ min: 1, max: 3 }) }) },
);

async function play(world: World, steps: readonly Step[]): Promise<void> {
  await empty(world.db);
  await world.facts('surveys', [survey()]);
  const responses = new Map<string, { comment: string; theme: string }>();
  const problems = new Map<string, { phrases: string[]; themes: string[] }>();
  for (const one of steps) {
    if (one.deed === 'send') {
      responses.set(one.id, one);
      await world.facts('responses', [response({ id: one.id, comment: one.comment, themes: [one.theme] })]);
    } else if (one.deed === 'remove') {
      if (responses.delete(one.id)) await world.remove(`responses/${one.id}`);
    } else if (one.deed === 'change') {
      const { deed: _, key, ...told } = one;
      const { status } = problems.has(key)
        ? await world.send('PATCH', `/v1/problems/${key}`, told, { 'if-match': '*' })
        : await world.send('POST', '/v1/problems', { key, name: key, ...told });
      assert.ok(status < 300);
      problems.set(key, told);
    } else await matchBatch(world.db, one.most);
  }
  while (await matchBatch(world.db, 2));
  const expected = [...responses].flatMap(([id, { comment, theme }]) =>
    [...problems]
      .filter(
        ([, { phrases, themes }]) =>
          themes.includes(theme) || phrases.some((phrase) => ` ${comment} `.includes(` ${phrase} `)),
      )
      .map(([key]) => `${id} ${key}`),
  );
  const stored = await world.db.read((client) =>
    client.rows<{ name: string }>(`select response_id || ' ' || problem as name from problem_responses order by 1`),
  );
  assert.deepEqual(
    stored.map(({ name }) => name),
    expected.sort(),
  );
  assert.equal((await verifyMatches(world.db))[0]?.differences, 0);
}

/** Sent and removed while a walk stands between two of its batches: the walk that follows has to look at it. */
const storedWhileWalked: Step[] = [
  { deed: 'change', key: 'p1', phrases: ['late'], themes: [] },
  { deed: 'match', most: 1 },
  { deed: 'send', id: 'r5', comment: 'cold', theme: 'cold' },
  { deed: 'remove', id: 'r5' },
  { deed: 'send', id: 'r2', comment: 'cold', theme: 'cold' },
  { deed: 'match', most: 1 },
  { deed: 'match', most: 1 },
  { deed: 'send', id: 'r5', comment: 'late', theme: 'rude' },
  { deed: 'remove', id: 'r2' },
];

worlds('Whatever happens in whatever order', {
  async 'the matches are those of the responses and problems as they are in the end'(world) {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), (steps) => play(world, steps)),
      { numRuns: 15, examples: [[storedWhileWalked]] },
    );
  },
});
