import assert from 'node:assert/strict';
import { at, type Row, referral, response, survey, type World, worlds } from '../support/world.ts';
import { crowd, paid } from './crowd.ts';

const path = 'outcomes/validity';

// The vector of statistics.md: 0.899087.
const scores = [10, 9, 9, 8, 7, 6, 6, 3, 2, 0];
const spent = [1200, 1500, 900, 1100, 700, 900, 400, 500, 300, 100];
/** Customers 1, 2, 3, 4, 6 and 9 referred somebody: those who answered 10, 9, 9, 8, 6 and 2. */
const referrers = [1, 2, 3, 4, 6, 9];

const scored = (name: string, of: readonly number[], row: Row = {}) =>
  of.map((score, place) => response({ id: `${name}${place + 1}`, customer_id: `${name}${place + 1}`, score, ...row }));
const figures = async (world: World, query = {}) =>
  Object.fromEntries(
    (await world.ask(path, query)).data.map(({ outcome, responses, spearman, auc, p, withheld }: Row) => [
      outcome,
      [responses, spearman ?? auc, p, withheld],
    ]),
  );

worlds('Whether a score predicts anything', {
  async 'is told by rank correlation and by the area under the curve'(world) {
    await world.facts('responses', scored('A', scores));
    await world.facts('revenue-events', paid('A', spent));
    await world.facts(
      'referrals',
      referrers.map((place) => referral({ referrer_id: `A${place}` })),
    );
    await world.complete(at(300));
    const answer = await world.ask(path);
    const none = { auc: null, auc_low: null, auc_high: null };
    const row = { survey: 'nps', responses: 10, customers: 10, withheld: null };
    // p of Spearman from scipy.stats.spearmanr. Of the 24 pairs of one who referred and one who did not, 19.5 are in the
    // right order: 10, 9, 9 and 8 beat 7, 6, 3 and 0; 6 beats two and ties with one; 2 beats one. Newcombe's interval by
    // scipy.optimize.brentq. q of 0.000401, 0.109819 and 0.110053: three times the first, the last for the two others.
    assert.deepEqual(answer.data, [
      {
        ...row,
        outcome: 'revenue_after',
        did: null,
        did_not: null,
        spearman: 0.899087,
        spearman_low: 0.529611,
        spearman_high: 0.981803,
        ...none,
        p: 0.000401,
        q: 0.001203,
      },
      {
        ...row,
        outcome: 'referrals_after',
        did: null,
        did_not: null,
        spearman: 0.536262,
        spearman_low: -0.190999,
        spearman_high: 0.883426,
        ...none,
        p: 0.1101,
        q: 0.1101,
      },
      {
        ...row,
        outcome: 'referred',
        did: 6,
        did_not: 4,
        spearman: null,
        spearman_low: null,
        spearman_high: null,
        auc: 0.8125,
        auc_low: 0.433414,
        auc_high: 0.956576,
        p: 0.1098,
        q: 0.1101,
      },
      {
        ...row,
        outcome: 'retained',
        did: 10,
        did_not: 0,
        spearman: null,
        spearman_low: null,
        spearman_high: null,
        ...none,
        p: null,
        q: null,
        withheld: 'cannot be told: everybody was retained',
      },
    ]);
    assert.equal(
      answer.reads_as,
      'Who scored higher spent more in the 90 days after answering (rank correlation 0.899, 95% interval 0.530 to 0.982; 10 responses). No association of the score with referrals in the 90 days after answering was found (rank correlation 0.536, 95% interval -0.191 to 0.883; 10 responses). No association of the score with whether they refer in the 90 days after answering was found (in the right order 81.3%, 95% interval 43.3% to 95.7%; 6 and 4 responses). An association, not a cause.',
    );
    assert.match(answer.method, /every customer counts once; q by Benjamini and Hochberg over 3 tests$/);
    assert.deepEqual([answer.comparisons, answer.left_out], [[], []]);
  },

  async 'where all have the same score, or did the same, it cannot be told'(world) {
    await world.facts('responses', crowd('A', 6));
    await world.facts('revenue-events', paid('A', [1, 2, 3, 4, 5]));
    await world.complete(at(300));
    const same = 'cannot be told: all have the same score';
    assert.deepEqual(await figures(world), {
      revenue_after: [6, null, null, same],
      referrals_after: [6, null, null, same],
      referred: [6, null, null, 'cannot be told: nobody referred anybody'],
      retained: [6, null, null, same],
    });
    assert.match((await world.ask(path)).reads_as, /cannot be told: the rows say why\.$/);
    await world.facts('responses', scored('B', [3, 8], { survey: 'nps' }));
    const { referrals_after } = await figures(world);
    assert.deepEqual(referrals_after, [8, null, null, 'cannot be told: all have the same referrals_after']);
    const few = await figures(world, { min_n: 10 });
    assert.deepEqual(few.revenue_after, [8, null, null, 'fewer than 10 responses']);
  },

  async 'a score of which low is good is mirrored'(world) {
    await world.facts('surveys', [survey({ key: 'effort', name: 'Effort?', kind: 'ces', higher_is_better: false })]);
    // 1 is the best: in the order of what they spent, but for one exchange. Ranks 1 2 4 3 against 4 3 2 1, mirrored:
    // rho = 1 - 6 (0 + 0 + 1 + 1) / (4 x 15) = 0.8.
    await world.facts('responses', scored('A', [1, 2, 4, 3], { survey: 'effort' }));
    await world.facts('revenue-events', paid('A', [40, 30, 20, 0]));
    await world.complete(at(300));
    const { revenue_after, retained } = await figures(world);
    assert.equal(revenue_after[1], 0.8);
    // Who did not buy again answered 3: worse than 1 and 2, better than 4.
    assert.equal(retained[1], 0.666667);
  },

  async 'two open windows are left out, and customers who count twice widen the interval'(world) {
    const twice = [...scored('A', scores), ...scored('A', scores, { answered_at: at(200) })].map((row, place) => ({
      ...row,
      id: `r${place}`,
    }));
    await world.facts('responses', twice);
    await world.facts('responses', scored('O', [5, 10], { answered_at: at(290) }));
    await world.facts('revenue-events', [...paid('A', spent), ...paid('A', spent, { occurred_at: at(210) })]);
    await world.complete(at(300));
    const answer = await world.ask(path);
    const [revenue] = answer.data;
    // Everybody twice with the same score and the same revenue: the same correlation, of ten customers as before.
    assert.deepEqual([revenue.responses, revenue.customers, revenue.spearman], [20, 10, 0.899087]);
    const width = (low: number, high: number) => Math.atanh(high) - Math.atanh(low);
    const alone = await world.ask(path, { to: '2022-06-01' });
    const [once] = alone.data;
    assert.deepEqual([once.responses, once.spearman_low], [10, 0.529611]);
    // As independent, 20 responses would give sqrt(17 / 7) = 1.56 times less.
    const naive = width(once.spearman_low, once.spearman_high) / Math.sqrt(17 / 7);
    assert.ok(width(revenue.spearman_low, revenue.spearman_high) >= naive - 1e-4);
    assert.match(answer.method, /jackknife over 32 groups of customers/);
    assert.deepEqual(
      answer.left_out.filter(({ reason }: Row) => reason === 'revenue: window_open'),
      [{ reason: 'revenue: window_open', responses: 2 }],
    );
  },

  async 'by group, counted by q, and three people are not told to who may not see people'(world) {
    const many = Array.from({ length: 40 }, (_, place) => place);
    await world.facts('responses', [
      ...scored(
        'A',
        many.map((place) => place % 11),
        { segment: 'a' },
      ),
      ...scored(
        'B',
        many.map((place) => place % 11),
        { segment: 'b' },
      ),
      ...scored('C', [1, 5, 9], { segment: 'c' }),
    ]);
    await world.facts('revenue-events', [
      ...paid(
        'A',
        many.map((place) => 10 * (place % 11) + (place % 3)),
      ),
      ...paid(
        'B',
        many.map((place) => 200 - 10 * (place % 11) - (place % 3)),
      ),
    ]);
    await world.complete(at(300), 'revenue-events');
    const { reads_as, data } = await world.ask(path, { group_by: 'segment' });
    assert.match(
      reads_as,
      /^In the 90 days after answering, who scored higher spent more in 1 of 2 segments with enough responses \(a: rank correlation [^)]*\), and spent less in 1 \(b: rank correlation -0\.9/,
    );
    assert.deepEqual(
      data.map(({ segment, outcome, responses }: Row) => [segment, outcome, responses]),
      [
        ['a', 'revenue_after', 40],
        ['b', 'revenue_after', 40],
        ['c', 'revenue_after', 3],
        ['a', 'retained', 40],
        ['b', 'retained', 40],
        ['c', 'retained', 3],
      ],
    );
    const made = await world.send('POST', '/v1/keys', { name: 'BI', scopes: ['read'] });
    const headers = { authorization: `Bearer ${made.body.secret}` };
    const { body } = await world.send('GET', `/v1/${path}?window_days=90&min_n=1&group_by=segment`, undefined, headers);
    const hidden = 'fewer than 5 people, or a group that would give one away';
    assert.deepEqual(
      body.data.map(({ segment, responses, did, withheld }: Row) => [segment, responses, did, withheld === hidden]),
      [
        ['a', null, null, true],
        ['b', 40, null, false],
        ['c', null, null, true],
        ['a', null, null, true],
        ['b', 40, 40, false],
        ['c', null, null, true],
      ],
    );
  },
});
