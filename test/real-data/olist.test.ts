import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareAnswer, leftOut, revenueMeasures } from './compare.ts';
import { mean, meanInterval, near, nearFigure, sum, wilson } from './figures.ts';
import {
  answersOf,
  type Cells,
  missing,
  readCsv,
  type Service,
  shuffled,
  startService,
  verifyNoDifference,
} from './loader.ts';
import { revenueByHand } from './revenue-sql.ts';

// 3,000 orders of a Brazilian marketplace and their reviews. The files name no time zone: they are read as Brasilia's
// standard time, three hours behind UTC all the year, and reported in the time of Sao Paulo, which had summer time.
const time_zone = 'America/Sao_Paulo';
const moment = (text = '') => `${text.replace(' ', 'T')}-03:00`;

/** Customers as persons (an order has a customer_id of its own), reviews as responses, the payments of an order as one event. */
function facts() {
  const read = (file: string) => readCsv('olist_3000', `olist_${file}_dataset.csv`);
  const customers = new Map(read('customers').map((row) => [row.customer_id, row]));
  const orders = new Map(read('orders').map((row) => [row.order_id, { ...row, ...customers.get(row.customer_id) }]));
  // Twice one review_id stands for two orders, so that the id of a response is both.
  const responses: Cells[] = read('order_reviews').map((review) => {
    const order = orders.get(review.order_id);
    return {
      id: `${review.review_id}/${review.order_id}`,
      customer_id: order?.customer_unique_id ?? null,
      survey: 'review',
      score: Number(review.review_score),
      comment: review.review_comment_message || null,
      region: order?.customer_state ?? null,
      answered_at: moment(review.review_answer_timestamp),
    };
  });
  const cents = new Map<string, number>();
  for (const { order_id = '', payment_value } of read('order_payments'))
    cents.set(order_id, (cents.get(order_id) ?? 0) + Math.round(100 * Number(payment_value)));
  const revenue: Cells[] = [...cents].map(([id, paid]) => {
    const order = orders.get(id);
    return {
      id,
      customer_id: order?.customer_unique_id ?? null,
      type: 'one_time',
      amount: (paid / 100).toFixed(2),
      currency: 'BRL',
      occurred_at: moment(order?.order_purchase_timestamp),
    };
  });
  return { responses, revenue };
}

async function startBrazil(t: Parameters<typeof startService>[0]): Promise<Service> {
  const service = await startService(t);
  const settings = await service.request('GET', '/v1/settings');
  const changed = await service.request(
    'PATCH',
    '/v1/settings',
    { currency: 'BRL', time_zone },
    { 'if-match': settings.headers.get('etag') ?? '' },
  );
  assert.equal(changed.status, 200);
  await service.put('surveys/review', { name: 'How was your order?', kind: 'csat' });
  return service;
}

const questions = [
  '/v1/outcomes/revenue?survey=review&window_days=90&group_by=region,month',
  '/v1/outcomes/revenue?survey=review&window_days=180&group_by=month',
  '/v1/outcomes/revenue?survey=review&window_days=365&group_by=region',
  '/v1/outcomes/summary',
  '/v1/outcomes/retention?survey=review&group_by=quarter',
  '/v1/analytics/scores?group_by=region,year',
];

test('olist: revenue after, before, repeats and differences are those of plain SQL and the textbook', {
  skip: missing('olist_3000'),
}, async (t) => {
  const { responses, revenue } = facts();
  const service = await startBrazil(t);
  const [sent, paid] = [
    await service.send('responses', responses),
    await service.send('revenue-events', revenue, 'ndjson'),
  ];
  assert.deepEqual([sent.created, sent.rejected, paid.created, paid.rejected], [2_993, 0, 3_000, 0]);
  await service.settle();

  let rows = 0;
  let comparisons = 0;
  for (const days of [90, 180, 365]) {
    const { counted, not_index, open } = await revenueByHand(service.db, 'review', days, time_zone);
    for (const group_by of [[], ['month'], ['region'], ['region', 'month']]) {
      const grouped = group_by.length > 0 ? `&group_by=${group_by.join(',')}` : '';
      const answer = await service.ask(`/v1/outcomes/revenue?survey=review&window_days=${days}${grouped}`);
      await t.test(`${days} days ${group_by.join(' and ')}`, () => {
        assert.equal(leftOut(answer, 'not_an_index_response'), not_index);
        assert.equal(leftOut(answer, 'window_open'), open);
        const compared = compareAnswer(answer, counted, { measures: revenueMeasures, group_by });
        rows += compared.rows;
        comparisons += compared.comparisons;
        for (const row of answer.data) {
          const band = counted.filter(
            (one) => one.band === row.band && group_by.every((name) => one.group[name] === row[name]),
          );
          if (band.length < 10) continue;
          near(row.revenue_total, sum(band.map(({ values }) => values.revenue_after ?? 0)), 'revenue_total');
          assert.equal(row.orders, sum(band.map(({ values }) => values.orders ?? 0)));
        }
      });
    }
    await t.test(`${days} days: customers without contract stay when they buy again`, async () => {
      const answer = await service.ask(`/v1/outcomes/retention?survey=review&window_days=${days}`);
      const stayed = counted.map((one) => ({ ...one, values: { retention_rate: one.values.repeat_rate ?? 0 } }));
      compareAnswer(answer, stayed, { measures: [{ name: 'retention_rate', kind: 'share', compared: true }] });
      for (const row of answer.data) assert.equal(row.judged_by_contract, 0);
    });
  }
  t.diagnostic(`${rows} rows and ${comparisons} comparisons are the same by hand`);

  await t.test('satisfied customers and mean scores, by month and region', async () => {
    for (const grouping of ['month', 'region'] as const) {
      const { data } = await service.ask(`/v1/analytics/scores?survey=review&group_by=${grouping}`);
      const groups = new Map<string, number[]>();
      const people = new Map<string, Set<unknown>>();
      for (const { region, answered_at, score, customer_id } of responses) {
        // Half past eleven at night on the last day of January was February already, by the clocks of that summer.
        const month = new Intl.DateTimeFormat('sv-SE', { timeZone: time_zone, year: 'numeric', month: '2-digit' });
        const name = grouping === 'region' ? String(region) : month.format(new Date(String(answered_at)));
        groups.set(name, [...(groups.get(name) ?? []), Number(score)]);
        people.set(name, (people.get(name) ?? new Set()).add(customer_id));
      }
      assert.equal(data.length, groups.size);
      for (const row of data) {
        const scores = groups.get(row[grouping]) ?? [];
        const top = scores.filter((score) => score >= 4).length;
        assert.deepEqual([row.responses, row.withheld === null], [scores.length, scores.length >= 10]);
        if (scores.length < 10) continue;
        assert.equal(row.satisfied, top);
        if (people.get(row[grouping])?.size === scores.length) {
          nearFigure(row, 'satisfied_rate', top / scores.length, wilson(top, scores.length), row[grouping]);
          nearFigure(row, 'mean_score', mean(scores), meanInterval(scores), row[grouping]);
        } else {
          // Somebody answered twice, which never makes a share surer.
          const plain = wilson(top, scores.length);
          assert.ok(Math.abs(row.satisfied_rate - top / scores.length) < 1e-6);
          assert.ok(row.satisfied_rate_low <= plain.low + 1e-6 && row.satisfied_rate_high >= plain.high - 1e-6);
        }
      }
    }
  });

  await t.test('nothing differs from the raw facts', () => verifyNoDifference(service.db));

  await t.test('sent again, nothing changes', async () => {
    const before = await answersOf(service, questions);
    for (const as of ['csv', 'ndjson'] as const) {
      const [again, paidAgain] = [
        await service.send('responses', responses, as),
        await service.send('revenue-events', revenue, as),
      ];
      assert.deepEqual([again.unchanged, paidAgain.unchanged], [2_993, 3_000]);
    }
    await service.settle();
    assert.deepEqual(await answersOf(service, questions), before);
  });

  await t.test('sent in another order and in pieces, it gives the same answers', async (inner) => {
    const other = await startBrazil(inner);
    const [late, mixed] = [shuffled(revenue), shuffled(responses)];
    for (let part = 0; part < 4; part++) {
      const quarter = <T>(list: T[]) => list.slice((part * list.length) / 4, ((part + 1) * list.length) / 4);
      await other.send('revenue-events', quarter(late));
      await other.send('responses', quarter(mixed), 'ndjson');
      await other.settle();
    }
    assert.deepEqual(await answersOf(other, questions), await answersOf(service, questions));
    await verifyNoDifference(other.db);
  });

  await t.test('a comment of several lines comes back as it was written', async () => {
    const long = responses.find(({ comment }) => String(comment).includes('\n'));
    assert.ok(long);
    const stored = await service.request('GET', `/v1/responses/${encodeURIComponent(String(long.id))}`);
    assert.equal(((await stored.json()) as { comment: string }).comment, long.comment);
  });
});
