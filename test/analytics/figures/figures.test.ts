import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Figure, FigurePeriod, FigureRow } from '../../../src/analytics/figures/declare.ts';
import { figures } from '../../../src/analytics/figures/registry.ts';
import { type Cadence, periodEnd, periodsWithin } from '../../../src/db/cadence.ts';
import { demoCompany } from '../../../src/demo/company.ts';
import { refresh } from '../../../src/outcomes/refresh.ts';
import { type Api, type Reply, testApi } from '../../support/api.ts';

type Filters = Record<string, string | number>;

/** Periods of the demo company, whose clock is UTC: three years to the end of June 2026. */
const periodsOf = (cadence: Cadence, from: string, to: string): FigurePeriod[] =>
  periodsWithin(cadence, from, to, 100).map((start_on) => {
    const end_on = periodEnd(cadence, start_on);
    const bound = (day: string) => ({ at: `${day}T00:00:00.000Z`, month: day.endsWith('-01') ? day : null });
    return { start_on, end_on, from: bound(start_on), to: bound(end_on) };
  });

const read = ({ db }: Api, figure: Figure, periods: FigurePeriod[], { unit, ...filters }: Filters, personal = true) =>
  db.read((client) =>
    figure.read(client, {
      periods,
      filters,
      unit: unit === undefined ? null : String(unit),
      reader: { personal },
      now: new Date(),
    }),
  );

/** What the question says of one period: the row that the figure is a column of. */
async function asked(api: Api, { family, column, n }: Figure, period: FigurePeriod, filters: Filters, key = api.key) {
  const { band, over, ...given } = filters;
  const isFlow = family.question.startsWith('analytics/revenue') || family.question.endsWith('growth');
  const by = over === 'period' ? { by: 'month', from: period.start_on } : { by: 'trailing_year' };
  const query = new URLSearchParams({
    ...Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)])),
    ...(isFlow ? { ...by, to: period.end_on } : { from: period.start_on, to: period.end_on }),
  });
  const reply = await api.send('GET', `/v1/${family.question}?${query}`, undefined, { authorization: `Bearer ${key}` });
  assert.equal(reply.status, 200, reply.text);
  const row = reply.body.data.find(
    (one: Reply['body']) => (one.band ?? band) === band && (one.contact ?? 'all') === 'all',
  );
  const pick = (name: string) => row?.[name] ?? null;
  return { value: pick(column), n: row ? pick(n) : 0, low: pick(`${column}_low`), high: pick(`${column}_high`) };
}

const numbers = ({ value, n, low, high }: FigureRow) => ({ value, n, low, high });

/** What each figure is asked in the test: by the month unless it says otherwise. */
const trials: Record<string, { filters: Filters; cadence?: Cadence }[]> = {
  nps: [
    { filters: { survey: 'nps', min_n: 3 } },
    { filters: { survey: 'nps', unit: 'north', segment: 'household', min_n: 1 }, cadence: 'quarter' },
    { filters: { survey: 'nps', min_n: 2 }, cadence: 'week' },
  ],
  csat_top_two: [{ filters: { survey: 'csat', min_n: 3 } }],
  ces_easy: [{ filters: { survey: 'ces', min_n: 3 } }],
  mean_score: [{ filters: { survey: 'csat', min_n: 3 } }],
  responses: [{ filters: { survey: 'nps', region: 'coast', min_n: 3 } }],
  response_rate: [
    { filters: { survey: 'nps', min_n: 3 } },
    { filters: { survey: 'nps', unit: 'south', within_days: 10, min_n: 1 }, cadence: 'year' },
  ],
  revenue_per_customer: [
    { filters: { survey: 'nps', band: 'promoter', window_days: 90, min_n: 3 } },
    { filters: { survey: 'nps', band: 'detractor', unit: 'north', min_n: 1 }, cadence: 'year' },
  ],
  repeat_rate: [{ filters: { survey: 'nps', band: 'promoter', min_n: 3 } }],
  referrals_per_customer: [{ filters: { survey: 'nps', band: 'promoter', min_n: 3 } }],
  referrer_rate: [{ filters: { survey: 'nps', band: 'passive', min_n: 3 } }],
  retention: [{ filters: { survey: 'nps', band: 'promoter', min_n: 3, window_days: 90 } }],
  nrr: [
    { filters: { min_n: 3 } },
    { filters: { min_n: 3, over: 'period' } },
    { filters: { min_n: 3, over: 'period', against: 'previous', segment: 'household' } },
  ],
  grr: [{ filters: { unit: 'north', min_n: 3 } }],
  logo_retention: [{ filters: { min_n: 3, acquisition: 'referral' } }],
  earned_growth: [{ filters: { min_n: 3 } }],
  follow_ups_on_time: [{ filters: { min_n: 3 } }],
  follow_ups_contacted_on_time: [{ filters: { min_n: 3, unit: 'north' } }],
  save_rate: [{ filters: { min_n: 3, window_days: 90 } }],
  vision_consistency: [{ filters: { min_n: 3 } }, { filters: { min_n: 1, unit: 'north' }, cadence: 'week' }],
};

/** Questions whose own tests hold their figures against them. */
const elsewhere = ['analytics/behaviours'];

/** Follow-ups as people work: of every third detractor, opened when it answered, some closed in time. */
const followUps = `
  insert into follow_ups (id, customer_id, survey, unit, response_ids, origin, state, closed_as, opened_at, due_at,
    first_due_at, remind_at, contacted_at, closed_at)
  select gen_random_uuid(), customer_id, survey, unit, array[id], 'rule', 'closed', 'satisfied', answered_at,
    answered_at + '2 days', answered_at + '2 days', answered_at + '36 hours',
    answered_at + case place % 4 when 0 then '3 days'::interval else '1 day' end,
    answered_at + case place % 3 when 0 then '4 days'::interval else '40 hours' end
  from (select *, row_number() over (order by answered_at, id) as place from responses
    where survey = 'nps' and score < 9 and customer_id is not null) r`;

/** A vision check, one every other day from 2025-02-01 on; two of three are consistent. */
async function visionCheck({ send }: Api, at: number): Promise<void> {
  const asked_on = new Date(Date.UTC(2025, 1, 1 + 2 * at)).toISOString().slice(0, 10);
  const answers = [{ clear: true, consistent: at % 3 > 0 }];
  const made = await send('POST', '/v1/vision-checks', { asked_on, answers, unit: at % 2 > 0 ? 'north-1' : 'south-1' });
  assert.equal(made.status, 201, made.text);
}

/** An answer to a survey about effort every other day from 2025-02-01 on, 1 to 7 in turn. */
const efforts = Array.from({ length: 45 }, (_, at) => ({
  id: `ces-${at}`,
  survey: 'ces',
  score: (at % 7) + 1,
  answered_at: new Date(Date.UTC(2025, 1, 1 + 2 * at, 12)).toISOString(),
}));

test('every figure is what its question says of the same period and filters', async (t) => {
  const api = await testApi(t);
  const company = demoCompany({ customers: 250 });
  for (const [path, rows] of Object.entries(company.datasets)) await api.facts(path, rows);
  await api.facts('surveys', [{ key: 'ces', name: 'Was it easy?', kind: 'ces' }]);
  await api.facts('responses', efforts);
  for (const path of ['revenue-events', 'referrals', 'retention-events', 'responses'])
    await api.send('PUT', `/v1/datasets/${path}/complete-through`, { complete_through: company.complete_through });
  await api.db.write((client) => client.rows(followUps));
  for (let at = 0; at < 40; at++) await visionCheck(api, at);
  await refresh(api.db);

  for (const figure of figures) {
    const tried = trials[figure.id] ?? [];
    assert.ok(tried.length > 0 || elsewhere.includes(figure.family.question), `${figure.id} has no trial`);
    for (const { filters, cadence = 'month' } of tried)
      await t.test(`${figure.id} by the ${cadence}, ${JSON.stringify(filters)}`, async () => {
        const periods = periodsOf(cadence, cadence === 'year' ? '2023-07-01' : '2025-02-01', '2025-05-01');
        const { rows } = await read(api, figure, periods, filters);
        assert.equal(rows.length, periods.length);
        for (const [at, period] of periods.entries()) {
          const row = rows[at] ?? assert.fail();
          assert.deepEqual(numbers(row), await asked(api, figure, period, filters), period.start_on);
          assert.equal(row.withheld === null, row.value !== null || row.n === 0, period.start_on);
        }
        assert.ok(
          rows.some(
            ({ value, low, high }) => value !== null && (figure.is_additive || (low !== null && high !== null)),
          ),
          'nothing was compared',
        );
        assert.ok(rows.every(({ is_complete }) => is_complete));
      });
  }

  await t.test('a reader who may not see people is told no more than by the question', async () => {
    const { body } = await api.send('POST', '/v1/keys', { name: 'reader', scopes: ['read'] });
    const figure = figures.find(({ id }) => id === 'nps') ?? assert.fail();
    const filters = { survey: 'nps', unit: 'coast-1', min_n: 1 };
    const periods = periodsOf('month', '2025-01-01', '2026-01-01');
    const { rows } = await read(api, figure, periods, filters, false);
    for (const [at, period] of periods.entries())
      assert.deepEqual(numbers(rows[at] ?? assert.fail()), await asked(api, figure, period, filters, body.secret));
    assert.ok(rows.some(({ withheld, n }) => n === null && withheld?.includes('fewer than 5 people')));
  });

  await t.test('all bands together are the sums of the three', async () => {
    const figure = figures.find(({ id }) => id === 'revenue_per_customer') ?? assert.fail();
    const periods = periodsOf('quarter', '2024-01-01', '2025-01-01');
    const { rows } = await read(api, figure, periods, { survey: 'nps', min_n: 1 });
    for (const [at, { start_on, end_on }] of periods.entries()) {
      const { body } = await api.get(`/v1/outcomes/revenue?survey=nps&from=${start_on}&to=${end_on}&min_n=1`);
      const sum = (name: string) => body.data.reduce((all: number, row: Reply['body']) => all + row[name], 0);
      assert.equal(rows[at]?.n, sum('responses'));
      assert.ok(Math.abs((rows[at]?.value ?? 0) - sum('revenue_total') / sum('responses')) < 1e-6);
      const { low, high, value } = rows[at] ?? assert.fail();
      assert.ok(low !== null && high !== null && value !== null && low < value && value < high);
    }
  });

  await t.test('what is not complete says so', async () => {
    const complete = async (id: string, filters: Filters, cadence: Cadence = 'month') => {
      const figure = figures.find((one) => one.id === id) ?? assert.fail();
      const { rows } = await read(api, figure, periodsOf(cadence, '2025-11-01', '2026-08-01'), filters);
      return rows.map(({ is_complete, value }) => `${is_complete ? 'complete' : 'open'}${value === null ? '' : '*'}`);
    };
    const nps = { survey: 'nps', min_n: 1 };
    const done = (n: number) => Array.from({ length: n }, () => 'complete*');
    // Facts are complete through 2026-07-01: scores through June, answers within 30 days through May, and what customers
    // did in 180 days after answering where these end by then: of the fourth quarter of 2025 (2026-01-01 + 180 days is
    // 2026-06-30).
    assert.deepEqual(await complete('nps', nps), [...done(8), 'open']);
    assert.deepEqual(await complete('response_rate', nps), [...done(7), 'open', 'open']);
    assert.deepEqual(await complete('repeat_rate', nps, 'quarter'), ['complete*', 'open', 'open', 'open']);
    // The question tells no revenue of a month that is not complete.
    assert.deepEqual(await complete('nrr', { min_n: 1 }), [...done(8), 'open']);
    assert.deepEqual(await complete('responses', nps), [...done(8), 'open']);
  });
});

test('the registry names every figure once, with words for all of it', async (t) => {
  const api = await testApi(t);
  const basic = `Basic ${Buffer.from(`any:${api.key}`).toString('base64')}`;
  const { status, body } = await api.send('GET', '/v1/metrics', undefined, { authorization: basic });
  assert.equal(status, 200);
  assert.deepEqual(
    body.data.map(({ id }: Reply['body']) => id),
    figures.map(({ id }) => id),
  );
  assert.equal(new Set(figures.map(({ id }) => id)).size, figures.length);
  const nps = body.data.find(({ id }: Reply['body']) => id === 'nps');
  const scores = (await api.get('/v1/analytics/scores')).body;
  assert.deepEqual(nps.definition, scores.definition);
  assert.deepEqual([nps.unit, nps.direction, nps.is_additive], ['points', 'higher_is_better', false]);
  assert.deepEqual(
    nps.filters.map(({ name, required }: Reply['body']) => [name, required]),
    ['survey', 'segment', 'region', 'moment', 'channel', 'theme', 'min_n'].map((name) => [name, name === 'survey']),
  );
  for (const { label, adding_up, filters, cadences } of body.data) {
    assert.ok(label.length > 3 && adding_up.length > 10 && cadences.length > 0);
    for (const { description } of filters) assert.ok(description.length > 5);
  }
  assert.equal((await api.send('GET', '/v1/metrics', undefined, { authorization: '' })).status, 401);
});
