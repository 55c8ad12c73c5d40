import assert from 'node:assert/strict';
import { at, type Row, response, retention, type World, worlds } from '../support/world.ts';

const noon = 43_200_000;
/** Everything is known through the end of day 999. */
const asOf = 1000;

/**
 * Customers of a segment who were followed for so many days: then they churned, or day 999 was over (or, after 365 days,
 * the window). Their scores are of all bands, in turn.
 */
const followed = (segment: string | null, days: readonly number[], left: readonly number[]) => ({
  responses: days.map((day, place) => {
    const answered = left[place] === 1 ? 300 : day === 365 ? 400 : asOf - 1 - day;
    const id = `${segment}${place}`;
    return response({ id, customer_id: id, segment, score: [10, 8, 2][place % 3], answered_at: at(answered, noon) });
  }),
  events: days.flatMap((day, place) => [
    retention({ customer_id: `${segment}${place}`, type: 'started', occurred_at: at(1) }),
    ...(left[place] === 1
      ? [retention({ customer_id: `${segment}${place}`, type: 'churned', occurred_at: at(300 + day, noon) })]
      : []),
  ]),
});
type Followed = ReturnType<typeof followed>;

async function send(world: World, parts: readonly Followed[]): Promise<void> {
  await world.facts(
    'responses',
    parts.flatMap(({ responses }) => responses),
  );
  await world.facts(
    'retention-events',
    parts.flatMap(({ events }) => events),
  );
  await world.complete(at(asOf));
}

// The three samples of the log-rank vector of scipy, as segments.
const vectors = [
  followed('a', [90, 180, 200, 365, 365, 365, 365, 365], [0, 1, 0, 0, 0, 0, 0, 0]),
  followed('b', [60, 120, 150, 240, 365, 365, 365, 300], [1, 0, 1, 1, 0, 0, 0, 0]),
  followed('c', [30, 45, 60, 90, 120, 200, 365, 365], [1, 1, 1, 0, 1, 1, 0, 0]),
];
const ask = { window_days: 365, group_by: 'segment', compare: 'groups' };
const path = 'outcomes/retention/curve';

worlds('Curves of groups', {
  async 'the bands are pooled, and the groups compared by one log-rank test'(world) {
    await send(world, vectors);
    const answer = await world.ask(path, ask);
    assert.deepEqual(
      answer.comparisons,
      [
        { survey: 'nps', segment: null, measure: 'log_rank', band: 'all', against: null, chi2: 5.68065, df: 2 }, // p below
      ].map((row) => ({ ...row, p: 0.05841, q: 0.05841 })),
    );
    assert.deepEqual(new Set(answer.data.map(({ band }: Row) => band)), new Set(['all']));
    const ends = answer.data.filter(({ day }: Row) => day === 365);
    assert.deepEqual(
      ends.map(({ segment, survival, at_risk }: Row) => [segment, at_risk, survival]),
      [
        ['a', 5, 0.857143],
        ['b', 3, 0.583333],
        ['c', 2, 0.3125],
      ],
    );
    assert.equal(
      answer.reads_as,
      '365 days after answering, an estimated 85.7% of a (8 followed), 58.3% of b (8 followed) and 31.3% of c (8 followed) had not left. No difference between the groups by segment was found (log-rank p = 0.058).',
    );
    assert.deepEqual([answer.parameters.compare, answer.parameters.group_by], ['groups', ['segment']]);
  },

  async 'two groups that differ, and one that is not known, which has a curve and is not compared'(world) {
    // Everybody of x left, one on each of the days 1 to 6; of y nobody did. The six of no segment left on day 1.
    // E of x = 6/12 + 5/11 + 4/10 + 3/9 + 2/8 + 1/7 = 2.080952; O = 6. V = sum of n_x n_y / n^2 with n_y = 6:
    // 36/144 + 30/121 + 24/100 + 18/81 + 12/64 + 6/49 = 1.270106. chi2 = (6 - 2.080952)^2 / 1.270106 = 12.092.
    const none = [0, 0, 0, 0, 0, 0];
    await send(world, [
      followed('x', [1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1]),
      followed('y', [365, 365, 365, 365, 365, 365], none),
      followed(null, [1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1]),
    ]);
    const { comparisons, data, reads_as } = await world.ask(path, ask);
    assert.equal(comparisons.length, 1);
    const expected = [6 / 12, 5 / 11, 4 / 10, 3 / 9, 2 / 8, 1 / 7].reduce((sum, share) => sum + share, 0);
    const spread = [36 / 144, 30 / 121, 24 / 100, 18 / 81, 12 / 64, 6 / 49].reduce((sum, share) => sum + share, 0);
    assert.ok(Math.abs(comparisons[0].chi2 - (6 - expected) ** 2 / spread) < 1e-6);
    assert.equal(comparisons[0].df, 1);
    assert.ok(data.some(({ segment }: Row) => segment === null));
    assert.equal(
      reads_as,
      '365 days after answering, an estimated 100.0% of y (6 followed) and 0.0% of x (6 followed) had not left. The groups by segment did not stay equally long (log-rank p < 0.001; 6 left). An association, not a cause.',
    );
  },

  async 'one group alone has nothing to be compared with, and nobody who left tells nothing'(world) {
    await send(world, [followed('a', [365, 365], [0, 0])]);
    const alone = await world.ask(path, ask);
    assert.deepEqual(alone.comparisons, []);
    assert.match(alone.reads_as, /There is only one segment with enough responses, so nothing to compare\.$/);
    await send(world, [followed('b', [365, 365], [0, 0])]);
    const both = await world.ask(path, ask);
    assert.deepEqual(
      both.comparisons.map(({ chi2, p }: Row) => [chi2, p]),
      [[null, null]],
    );
    assert.match(both.reads_as, /That does not tell whether the groups by segment differ\.$/);
  },

  async 'a group of three people is hidden from readers who may not see people, and not compared'(world) {
    await send(world, [
      followed('three', [30, 40, 50], [1, 1, 1]),
      followed('next', [365, 365, 365, 365, 365, 365, 365, 365, 365], [0, 0, 0, 0, 0, 0, 0, 0, 0]),
      ...vectors,
    ]);
    await world.ask(path, ask);
    const made = await world.send('POST', '/v1/keys', { name: 'BI', scopes: ['read'] });
    const { body } = await world.send(
      'GET',
      `/v1/${path}?window_days=365&group_by=segment&compare=groups&min_n=1`,
      undefined,
      { authorization: `Bearer ${made.body.secret}` },
    );
    const three = body.data.filter(({ segment }: Row) => segment === 'three');
    assert.deepEqual(
      three.map(({ day, survival, withheld }: Row) => [day, survival, withheld]),
      [[null, null, 'fewer than 5 people, or a group that would give one away']],
    );
    // Another one goes with it, so that the whole less the others does not tell it: three of five are left.
    assert.deepEqual(
      body.comparisons.map(({ df }: Row) => df),
      [2],
    );
  },

  async 'groups are needed, and may not overlap'(world) {
    for (const [query, code] of [
      ['compare=groups', 'nothing_to_compare'],
      ['compare=groups&group_by=theme', 'groups_overlap'],
    ]) {
      const { status, body } = await world.send('GET', `/v1/${path}?${query}`);
      assert.equal(status, 400);
      assert.deepEqual(
        body.errors.map((error: Row) => [error.pointer, error.code]),
        [['compare', code]],
      );
    }
  },
});
