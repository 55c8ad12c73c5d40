import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Counted, compareAnswer, type Measure, revenueMeasures } from './compare.ts';
import { type Followed, logRank, near, nearFigure, nearP, survivalCurve } from './figures.ts';
import {
  answersOf,
  type Cells,
  missing,
  type Row,
  readCsv,
  type Service,
  shuffled,
  startService,
  verifyNoDifference,
} from './loader.ts';

// 7,043 customers of a telephone company that IBM made up. The files know no dates, so everybody answers at one moment,
// and what the files tell is laid around it: `leaves_after`, `referred_at` and `pays_at` are ours, the rest is theirs.
const dayMs = 86_400_000;
const answered = Date.parse('2022-06-30T12:00:00Z');
const complete = '2023-09-30T00:00:00.000Z';
const after = (days: number) => new Date(answered + days * dayMs).toISOString();

interface Subscriber {
  id: string;
  contract: string;
  satisfaction: number;
  tenure_months: number;
  monthly: string;
  total: string;
  refunded: string;
  referrals: number;
  /** Days from the answer; null for whoever stays. */
  leaves_after: number | null;
}

function readSubscribers(): Subscriber[] {
  const status = new Map(
    readCsv('telco_ibm', 'Telco_customer_churn_status.csv').map((row) => [row['Customer ID'], row]),
  );
  return readCsv('telco_ibm', 'Telco_customer_churn_services.csv').map((row) => {
    const is = status.get(row['Customer ID']);
    const tenure_months = Number(row['Tenure in Months']);
    return {
      id: row['Customer ID'] ?? '',
      contract: row.Contract ?? '',
      satisfaction: Number(is?.['Satisfaction Score']),
      tenure_months,
      monthly: row['Monthly Charge'] ?? '',
      total: row['Total Charges'] ?? '',
      refunded: row['Total Refunds'] ?? '',
      referrals: Number(row['Number of Referrals']),
      // From 1 to 250 days, so that some leave on the last day of each window and some the day after.
      leaves_after:
        is?.['Churn Value'] === '1' ? 1 + ((tenure_months * 37 + Number(is['Churn Score']) * 5) % 250) : null,
    };
  });
}

const referred_at = (nth: number) => 40 * nth - 70;
const pays_at = [30, 60, 90, 180, 181];
const paysOn = ({ leaves_after }: Subscriber) => pays_at.filter((day) => leaves_after === null || day <= leaves_after);

function facts(subscribers: readonly Subscriber[]): Record<string, Cells[]> {
  const started = ({ tenure_months }: Subscriber) => new Date(Date.UTC(2022, 5 - tenure_months, 15)).toISOString();
  const event = (id: string, customer_id: string, more: Cells): Cells => ({ id, customer_id, ...more });
  const money = { currency: 'EUR', product: null };
  return {
    customers: subscribers.map((one) => ({
      id: one.id,
      segment: one.contract,
      acquired_at: started(one),
      attributes: JSON.stringify({ tenure_months: one.tenure_months }),
    })),
    responses: subscribers.map(({ id, satisfaction }) =>
      event(`answer-${id}`, id, { survey: 'satisfaction', score: satisfaction, answered_at: after(0) }),
    ),
    'retention-events': subscribers.flatMap((one) => [
      event(`start-${one.id}`, one.id, { type: 'started', occurred_at: started(one) }),
      ...(one.leaves_after === null
        ? []
        : [event(`end-${one.id}`, one.id, { type: 'churned', occurred_at: after(one.leaves_after) })]),
    ]),
    'revenue-events': subscribers.flatMap((one) => [
      event(`before-${one.id}`, one.id, { ...money, type: 'one_time', amount: one.total, occurred_at: after(-1) }),
      ...(Number(one.refunded) > 0
        ? [
            event(`refund-${one.id}`, one.id, {
              ...money,
              type: 'refund',
              amount: `-${one.refunded}`,
              occurred_at: after(0),
            }),
          ]
        : []),
      ...paysOn(one).map((day) =>
        event(`month-${one.id}-${day}`, one.id, {
          ...money,
          type: 'recurring',
          amount: one.monthly,
          occurred_at: after(day),
        }),
      ),
    ]),
    referrals: subscribers.flatMap(({ id, referrals }) =>
      Array.from({ length: referrals }, (_, nth) => ({
        id: `referral-${id}-${nth}`,
        referrer_id: id,
        made_at: after(referred_at(nth)),
        converted_at: nth % 2 === 0 ? after(referred_at(nth) + 25) : null,
      })),
    ),
  };
}

const bandOf = (score: number) => (score <= 2 ? 'detractor' : score === 5 ? 'promoter' : 'passive');

/** What everybody did within a window; all answered once, had a contract when they did, and every window has elapsed. */
function outcomesByHand(subscribers: readonly Subscriber[], days: number): Counted[] {
  const within = (day: number) => day > 0 && day <= days;
  return subscribers.map((one) => {
    const referred = Array.from({ length: one.referrals }, (_, nth) => nth);
    const revenue_after = paysOn(one).filter(within).length * Number(one.monthly);
    const revenue_before = Number(one.total) - Number(one.refunded);
    return {
      customer: one.id,
      band: bandOf(one.satisfaction),
      group: { segment: one.contract },
      values: {
        revenue_after,
        revenue_before,
        change: revenue_after - revenue_before,
        repeat_rate: revenue_after > 0 ? 1 : 0,
        referrals_after: referred.filter((nth) => within(referred_at(nth))).length,
        conversions_after: referred.filter((nth) => nth % 2 === 0 && within(referred_at(nth) + 25)).length,
        referrer_rate: referred.some((nth) => within(referred_at(nth))) ? 1 : 0,
        retention_rate: one.leaves_after === null || one.leaves_after > days ? 1 : 0,
      },
    };
  });
}

const lastDay = Math.floor((Date.parse(complete) - 1) / dayMs) - Math.floor(answered / dayMs);

/** For how many days each subscriber was seen after the answer; everybody else until the last complete day. */
function followedByHand(subscribers: readonly Subscriber[]): Map<Counted['band'], Followed[]> {
  const bands = new Map<Counted['band'], Followed[]>();
  for (const { satisfaction, leaves_after } of subscribers) {
    const band = bandOf(satisfaction);
    bands.set(band, [...(bands.get(band) ?? []), { days: leaves_after ?? lastDay, left: leaves_after !== null }]);
  }
  return bands;
}

/** A curve has a row at its start, at each day on which somebody left, and at the end of the window. */
function compareCurve(rows: readonly Row[], followed: readonly Followed[], window_days: number): void {
  const steps = survivalCurve(followed).filter(({ days }) => days <= window_days);
  const [start, ...others] = rows;
  assert.deepEqual([start?.day, start?.at_risk, start?.churned, start?.survival], [0, followed.length, 0, 1]);
  if (steps.at(-1)?.days !== window_days) {
    const end = others.pop();
    const at_risk = followed.filter(({ days }) => days >= window_days).length;
    assert.deepEqual([end?.day, end?.at_risk, end?.churned], [window_days, at_risk, 0]);
    near(end?.survival, steps.at(-1)?.survival ?? 1, 'survival at the end of the window');
  }
  assert.deepEqual(
    others.map(({ day, at_risk, churned }) => [day, at_risk, churned]),
    steps.map(({ days, at_risk, left }) => [days, at_risk, left]),
  );
  for (const [at, row] of others.entries()) {
    const step = steps[at];
    if (step && step.survival > 0) nearFigure(row, 'survival', step.survival, step, `day ${step.days}`);
  }
}

const measures: Record<string, readonly Measure[]> = {
  revenue: revenueMeasures,
  referrals: [
    { name: 'referrals_after', kind: 'mean', compared: true },
    { name: 'conversions_after', kind: 'mean', compared: true },
    { name: 'referrer_rate', kind: 'share', compared: true },
  ],
  retention: [{ name: 'retention_rate', kind: 'share', compared: true }],
};

async function startCompany(t: Parameters<typeof startService>[0]): Promise<Service> {
  const service = await startService(t);
  await service.put('surveys/satisfaction', { name: 'Are you satisfied?', kind: 'csat' });
  for (const dataset of ['responses', 'retention-events', 'revenue-events', 'referrals'])
    await service.put(`datasets/${dataset}/complete-through`, { complete_through: complete });
  return service;
}

const questions = [
  '/v1/outcomes/summary?window_days=180&group_by=segment',
  '/v1/outcomes/retention/curve?group_by=segment',
  '/v1/analytics/scores',
];

test('telco: what subscribers pay, whom they refer and how long they stay is what the file says', {
  skip: missing('telco_ibm'),
}, async (t) => {
  const subscribers = readSubscribers();
  const rows = facts(subscribers);
  const service = await startCompany(t);
  for (const [path, list] of Object.entries(rows)) {
    const report = await service.send(path, list);
    assert.deepEqual([report.created, report.rejected], [list.length, 0], path);
  }
  await service.settle();

  await t.test('41.72% are satisfied, 40.57 to 42.87', async () => {
    const { data } = await service.ask('/v1/analytics/scores?survey=satisfaction');
    assert.equal(data.length, 1);
    const figure = (name: string) => (100 * data[0]?.[name]).toFixed(2);
    assert.deepEqual(
      [figure('satisfied_rate'), figure('satisfied_rate_low'), figure('satisfied_rate_high')],
      ['41.72', '40.57', '42.87'],
    );
  });

  for (const days of [90, 180, 365])
    for (const outcome of ['revenue', 'referrals', 'retention'])
      for (const group_by of [[], ['segment']])
        await t.test(`${outcome} within ${days} days ${group_by.join()}`, async () => {
          const grouped = group_by.map((name) => `&group_by=${name}`).join('');
          const answer = await service.ask(`/v1/outcomes/${outcome}?window_days=${days}${grouped}`);
          assert.deepEqual(answer.left_out, []);
          compareAnswer(answer, outcomesByHand(subscribers, days), { measures: measures[outcome] ?? [], group_by });
        });

  for (const days of [180, 365])
    for (const group_by of [[], ['segment']])
      await t.test(`the retention curve and its log-rank tests, ${days} days ${group_by.join()}`, async () => {
        const grouped = group_by.map((name) => `&group_by=${name}`).join('');
        const answer = await service.ask(`/v1/outcomes/retention/curve?window_days=${days}${grouped}`);
        assert.deepEqual(answer.left_out, []);
        const contracts = group_by.length === 0 ? [null] : [...new Set(subscribers.map(({ contract }) => contract))];
        let rows = 0;
        let tests = 0;
        for (const contract of contracts) {
          const inGroup = (row: Row) => contract === null || row.segment === contract;
          const bands = followedByHand(subscribers.filter((one) => contract === null || one.contract === contract));
          for (const [band, followed] of bands) {
            const shown = answer.data.filter((row) => inGroup(row) && row.band === band);
            rows += shown.length;
            compareCurve(shown, followed, days);
          }
          for (const [band, against] of [
            ['promoter', 'detractor'],
            ['passive', 'detractor'],
          ] as const) {
            const isIt = (row: Row) => inGroup(row) && row.band === band && row.against === against;
            const found = answer.comparisons.find(isIt);
            // Nobody is followed longer than the window.
            const until = (name: Parameters<typeof bands.get>[0]) =>
              (bands.get(name) ?? []).map((one) => ({
                days: Math.min(one.days, days),
                left: one.left && one.days <= days,
              }));
            const { chi2, p } = logRank(until(band), until(against));
            near(found?.chi2, chi2, `${contract} ${band}, chi2`);
            nearP(found?.p, p, `${contract} ${band}, p`);
            tests++;
          }
        }
        assert.equal(rows, answer.data.length);
        // Beside the pairs there is a test of the three bands together.
        assert.equal(answer.comparisons.filter(({ df }) => df === 1).length, tests);
      });

  await t.test('nothing differs from the raw facts', () => verifyNoDifference(service.db));

  await t.test('sent again, nothing changes', async () => {
    const before = await answersOf(service, questions);
    for (const [path, list] of Object.entries(rows)) {
      const { unchanged } = await service.send(path, list, path === 'customers' ? 'csv' : 'ndjson');
      assert.equal(unchanged, list.length, path);
    }
    await service.settle();
    assert.deepEqual(await answersOf(service, questions), before);
  });

  await t.test('sent in another order, it gives the same answers', async (inner) => {
    const other = await startCompany(inner);
    for (const path of Object.keys(rows).reverse()) {
      await other.send(path, shuffled(rows[path] ?? []));
      await other.settle();
    }
    assert.deepEqual(await answersOf(other, questions), await answersOf(service, questions));
    await verifyNoDifference(other.db);
  });
});
