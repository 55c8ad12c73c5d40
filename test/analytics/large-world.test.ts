import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refresh } from '../../src/outcomes/refresh.ts';
import { mean, sum, wilson } from '../real-data/figures.ts';
import { testApi } from '../support/api.ts';
import { at, type Row } from '../support/world.ts';
import { crowd } from './crowd.ts';

const t31 = 2.039513; // the 0.975 quantile of t with 31 degrees of freedom

/** One of the 25,000 index responses. */
interface Seen {
  customer: number;
  segment: string;
  band: string;
  spent: number;
}

// Ten thousand customers answer two or three times, 100 days apart. What a customer spends, whether it buys at all and
// what it thinks of us are much the same every time; promoters spend somewhat more.
const dice = (salt: string, of: string) => `((hashtext('${salt}' || ${of}) & 1048575) / 1048576.0)`;
const factsSql = `
  with asked as (
    select c, turn, ${dice('score', 'c')} + 0.15 * ${dice('mood', "c || ' ' || turn")} as mood,
      20 + 300 * ${dice('size', 'c')} ^ 3 as size, ${dice('buys', 'c')} as buys, ${dice('luck', "c || ' ' || turn")} as luck
    from generate_series(1, 10000) c cross join lateral generate_series(1, 2 + c % 2) turn
  ),
  answered as (
    insert into responses (id, customer_id, survey, score, band, themes, answered_at, segment, source, recorded_at, changed_at, changed_xid)
    select c || '-' || turn, 'C' || c, 'nps', case when mood > 0.6 then 10 when mood > 0.35 then 7 else 3 end,
      case when mood > 0.6 then 'promoter' when mood > 0.35 then 'passive' else 'detractor' end, '{}',
      timestamptz '2022-01-01' + make_interval(days => 100 * turn), 'segment ' || c % 4, 'test', now(), now(), pg_current_xact_id()
    from asked
  )
  insert into revenue_events (id, customer_id, type, amount, currency, occurred_at, source, recorded_at, changed_at, changed_xid)
  select c || '-' || turn, 'C' || c, 'one_time', round((size * (0.5 + luck) * (1 + 0.2 * mood))::numeric, 2), 'EUR',
    timestamptz '2022-01-01' + make_interval(days => 100 * turn + 10), 'test', now(), now(), pg_current_xact_id()
  from asked where 0.7 * buys + 0.3 * luck > 0.4`;

const seenSql = `
  select substr(r.customer_id, 2)::int as customer, r.segment, r.band, coalesce(e.amount, 0)::float8 as spent
  from responses r left join revenue_events e using (id)`;

/** What each customer adds to the error of the mean of a value over its responses. */
function errorsOf(seen: Seen[], value: (one: Seen) => number): Map<number, number> {
  const middle = mean(seen.map(value));
  const errors = new Map<number, number>();
  for (const one of seen)
    errors.set(one.customer, (errors.get(one.customer) ?? 0) + (value(one) - middle) / seen.length);
  return errors;
}

/** The exact cluster-robust standard error, from what each customer adds. */
const robust = (errors: Map<number, number>) =>
  Math.sqrt((sum([...errors.values()].map((error) => error ** 2)) * errors.size) / (errors.size - 1));

const minus = (one: Map<number, number>, other: Map<number, number>) =>
  new Map([...one.keys(), ...other.keys()].map((key) => [key, (one.get(key) ?? 0) - (other.get(key) ?? 0)]));

const spent = ({ spent: amount }: Seen) => amount;
const bought = ({ spent: amount }: Seen) => Number(amount > 0);

test('25,000 responses of 10,000 customers: the jackknife is close to the exact cluster-robust errors, plain ones are not', async (t) => {
  const { db, facts, send, get } = await testApi(t);
  await facts('surveys', [{ key: 'nps', name: 'Would you recommend us?', kind: 'nps' }]);
  await db.write((client) => client.rows(factsSql), { statement_timeout_ms: 0 });
  await send('PUT', '/v1/datasets/revenue-events/complete-through', { complete_through: at(600) });
  assert.equal(await refresh(db), true);
  const seen = await db.read((client) => client.rows<Seen & Record<string, unknown>>(seenSql));
  assert.equal(seen.length, 25_000);

  const ratios: number[] = [];
  const tooNarrow: number[] = [];
  for (const group_by of ['', '&group_by=segment']) {
    const { body } = await get(`/v1/outcomes/revenue?window_days=90${group_by}`);
    assert.match(body.method, /^delete-a-group jackknife over 32 groups/);
    assert.equal(body.fresh.pending, 0);
    for (const row of body.data) {
      const own = seen.filter(({ band, segment }) => band === row.band && segment === (row.segment ?? segment));
      assert.deepEqual([row.responses, row.customers], [own.length, null]);
      assert.ok(Math.abs(row.revenue_after - mean(own.map(spent))) < 1e-6);
      const exact = robust(errorsOf(own, spent));
      ratios.push((row.revenue_after_high - row.revenue_after_low) / 2 / t31 / exact);
      const plain = Math.sqrt(mean(own.map((one) => (spent(one) - row.revenue_after) ** 2)) / own.length);
      tooNarrow.push(exact / plain);

      const share = mean(own.map(bought));
      const design = robust(errorsOf(own, bought)) ** 2 / ((share * (1 - share)) / own.length);
      const expected = wilson((share * own.length) / design, own.length / design);
      assert.ok(Math.abs(row.repeat_rate - share) < 1e-6);
      ratios.push((row.repeat_rate_high - row.repeat_rate_low) / (expected.high - expected.low));
    }
    for (const row of body.comparisons) {
      // What was paid before is what was paid after the response before; what is standardised has no such formula.
      if (['change', 'revenue_after_standardised'].includes(row.measure)) continue;
      const value = row.measure === 'repeat_rate' ? bought : spent;
      const of = (name: string) =>
        seen.filter(({ band, segment }) => band === name && segment === (row.segment ?? segment));
      const errors = minus(errorsOf(of(row.band), value), errorsOf(of('detractor'), value));
      ratios.push((row.difference_high - row.difference_low) / 2 / t31 / robust(errors));
    }
  }
  // A standard error of 32 groups has a standard deviation of one in eight, 1 / sqrt(2 x 31).
  assert.equal(ratios.length, 50);
  for (const ratio of ratios) assert.ok(ratio > 0.6 && ratio < 1.5, `${ratio}`);
  assert.ok(Math.abs(mean(ratios) - 1) < 0.06, `${mean(ratios)}`);
  for (const ratio of tooNarrow) assert.ok(ratio > 1.25, `the plain error is only ${ratio} times too small`);
  t.diagnostic(
    `jackknife / exact: ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}, mean ${mean(ratios).toFixed(3)}; exact / plain: ${mean(tooNarrow).toFixed(2)}`,
  );

  await t.test('three customers are few people, also where only sums tell how many', async () => {
    const answers = [100, 190, 280].flatMap((day) => crowd('T', 3, { segment: 'tiny', answered_at: at(day) }));
    await facts(
      'responses',
      answers.map((row, place) => ({ ...row, id: `tiny ${place}` })),
    );
    const { body: made } = await send('POST', '/v1/keys', { name: 'BI', scopes: ['read'] });
    const ask = async (path: string) => {
      const { body } = await send('GET', path, undefined, { authorization: `Bearer ${made.secret}` });
      return body.data.filter(({ segment, band }: Row) => segment === 'tiny' && band !== 'passive');
    };
    const reason = 'fewer than 5 people, or a group that would give one away';
    const [row] = await ask('/v1/outcomes/revenue?window_days=90&min_n=1&group_by=segment');
    assert.deepEqual([row.responses, row.withheld], [null, reason]);
    const [scores] = await ask('/v1/analytics/scores?min_n=1&group_by=segment');
    assert.deepEqual([scores.responses, scores.withheld], [null, reason]);
  });

  await t.test('what waits for the worker is said: facts that just came, and settings that changed', async () => {
    await facts('responses', crowd('N', 2_500));
    const { body } = await get('/v1/analytics/scores');
    assert.ok(body.fresh.pending >= 2_000);
    assert.match(
      body.warnings[0],
      /^2,\d{3} customers or facts came in that this answer does not hold yet; ask again shortly\.$/,
    );
    await refresh(db);
    const changed = await send('PATCH', '/v1/settings', { currency: 'USD' }, { 'if-match': '*' });
    assert.equal(changed.status, 200);
    const old = await get('/v1/outcomes/revenue');
    assert.deepEqual(
      [old.body.parameters.currency, old.body.fresh.pending, old.body.warnings[0]],
      ['EUR', 0, 'The settings were changed, and this answer was worked out with the old ones; ask again shortly.'],
    );
  });
});
