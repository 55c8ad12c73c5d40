import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { refresh } from '../../src/outcomes/refresh.ts';
import { type Grouped, shareSum, sum } from '../real-data/figures.ts';
import { at, customer, payment, type Row, response, retention, type World, worlds } from '../support/world.ts';

const path = 'analytics/revenue-at-risk';
const columns = ['band', 'customers', 'revenue', 'revenue_share', 'churn_n', 'churn_rate', 'expected_loss'];

const ask = (world: World, query: Record<string, string | number> = {}) =>
  world.ask(path, { window_days: 90, ...query });
const rows = async (world: World, query = {}, names = columns) =>
  (await ask(world, query)).data.map((row: Row) => names.map((name) => row[name]));

const paid = (customer_id: string, amount: string, day: number, more: Row = {}) =>
  payment({ customer_id, amount, occurred_at: at(day), ...more });
const said = (customer_id: string | null, score: number, day: number, more: Row = {}) =>
  response({ customer_id, score, answered_at: at(day), ...more });

/** Revenue is complete through day 500, so the 365 days begin after day 135. */
async function company(world: World): Promise<void> {
  await world.facts('units', [
    { key: 'city', name: 'City' },
    { key: 'store', name: 'Store', parent: 'city' },
  ]);
  await world.facts('customers', [
    customer({ id: 'D1', segment: 'smb', unit: 'store' }),
    customer({ id: 'D2', segment: 'smb', unit: 'city' }),
    customer({ id: 'P1', segment: 'big', unit: 'elsewhere' }),
  ]);
  await world.facts('responses', [
    // A promoter at first, now a detractor.
    said('D1', 10, 100),
    said('D1', 2, 450),
    said('D2', 3, 300),
    said('D3', 6, 350),
    said('S1', 7, 250),
    said('P1', 10, 260),
    said('P2', 9, 260),
    // At the very beginning of the 365 days, which is not part of them.
    said('U2', 10, 135),
    // Has left.
    said('E1', 0, 400),
    said(null, 0, 400),
  ]);
  await world.facts('revenue-events', [
    paid('D1', '999', 135),
    paid('D1', '100', 200),
    paid('D2', '50', 400),
    paid('D3', '60', 360),
    paid('S1', '200', 300),
    paid('P1', '300', 270),
    paid('P2', '150', 255),
    paid('P2', '-50', 265, { type: 'refund' }),
    paid('U1', '40', 310),
    paid('U2', '10', 140),
    paid('E1', '1000', 390),
    paid('N1', '5', 300, { currency: 'USD' }),
    // Nothing within the 365 days.
    paid('O1', '70', 20),
  ]);
  await world.facts('retention-events', [
    retention({ customer_id: 'E1', type: 'started', occurred_at: at(10) }),
    retention({ customer_id: 'E1', type: 'churned', occurred_at: at(480) }),
  ]);
  await world.complete(at(500));
}

worlds('Revenue at risk', {
  async 'is the revenue of the latest bands, and the loss what leaving costs beyond promoters'(world) {
    await company(world);
    // Revenue: detractors 100 + 50 + 60 = 210, passive 200, promoters 300 + (150 - 50) = 400, unknown 40 + 10; 860 in all.
    // Churn within 90 days of index responses that are 90 days old: of detractors D2 (nothing in days 300 to 390) and E1
    // (churned) left, D3 stayed; D1's second answer is not old enough. S1 stayed. Of promoters P2 left (a refund only);
    // P1, U2 and D1 (paid on day 135) stayed: 1/4.
    // Loss: 210 x (2/3 - 1/4) = 87.5; 200 x (0 - 1/4) = -50; together 37.5.
    const answer = await ask(world);
    assert.deepEqual(
      answer.data.map((row: Row) => columns.map((name) => row[name])),
      [
        ['detractor', 3, 210, 0.244186, 3, 0.666667, 87.5],
        ['passive', 1, 200, 0.232558, 1, 0, -50],
        ['promoter', 2, 400, 0.465116, 4, 0.25, 0],
        ['unknown', 2, 50, 0.05814, null, null, null],
      ],
    );
    assert.deepEqual(answer.left_out, [
      { reason: 'has_left', customers: 1 },
      { reason: 'no_exchange_rate', customers: 1 },
      { reason: 'anonymous', responses: 1 },
    ]);
    const loss = answer.comparisons.find(({ measure }: Row) => measure === 'expected_loss');
    assert.equal(loss.difference, 37.5);
    assert.deepEqual(
      answer.comparisons
        .filter(({ measure }: Row) => measure === 'churn_rate')
        .map(({ band, against, difference }: Row) => [band, against, difference]),
      [
        ['detractor', 'promoter', 0.416667],
        ['passive', 'promoter', -0.25],
      ],
    );
    assert.equal(answer.parameters.as_of, at(500));
    assert.equal(answer.parameters.answers_as_of, at(500));
    assert.match(
      answer.reads_as,
      /^In the 365 days through 2023-05-16, customers whose latest answer makes them detractors \(3\) paid 210\.00 EUR, 24\.4% of revenue; 69\.8% came from passives and promoters, and of 5\.8% nothing is known/,
    );
    assert.match(answer.reads_as, /37\.50 EUR/);
    assert.match(answer.reads_as, /An association, not a cause\.$/);
    assert.equal(answer.warnings.length, 1);
    assert.match(answer.warnings[0], /^1 customer is left out because a payment has no exchange rate to EUR/);
  },

  async 'as of an earlier moment is what it was then, from the raw facts'(world) {
    await company(world);
    // The 365 days through day 420 begin after day 55. D1 was a promoter (999 + 100), E1 a detractor who had not left
    // (1000), U2 a promoter (10). Answers of day 330 or before are 90 days old: of detractors D2 only, who left.
    assert.deepEqual(await rows(world, { as_of: at(420) }), [
      ['detractor', 3, 1110, rounded(1110 / 2859), 1, 1, 832.5],
      ['passive', 1, 200, rounded(200 / 2859), 1, 0, -50],
      ['promoter', 4, 1509, rounded(1509 / 2859), 4, 0.25, 0],
      ['unknown', 1, 40, rounded(40 / 2859), null, null, null],
    ]);
    // As of now, raw facts and what is kept say the same.
    const [kept, raw] = [await ask(world), await ask(world, { as_of: at(500) })];
    assert.deepEqual([raw.data, raw.left_out, raw.comparisons], [kept.data, kept.left_out, kept.comparisons]);
    const late = await world.send('GET', `/v1/${path}?as_of=${at(501)}`);
    assert.deepEqual([late.status, late.body.code], [400, 'not_complete']);
  },

  async 'groups and filters are those of the customer now, and groups add up'(world) {
    await company(world);
    const names = ['segment', 'band', 'customers', 'revenue', 'expected_loss'];
    assert.deepEqual(await rows(world, { group_by: 'segment' }, names), [
      ['big', 'promoter', 1, 300, 0],
      // 150 x 5/12, 60 x 5/12: the churn is that of the whole survey.
      ['smb', 'detractor', 2, 150, 62.5],
      [null, 'detractor', 1, 60, 25],
      [null, 'passive', 1, 200, -50],
      [null, 'promoter', 1, 100, 0],
      [null, 'unknown', 2, 50, null],
    ]);
    for (const query of [{ unit: 'city' }, { segment: 'smb' }, { unit: 'city', as_of: at(500) }])
      assert.deepEqual(await rows(world, query, ['band', 'customers', 'revenue', 'revenue_share']), [
        ['detractor', 2, 150, 1],
      ]);
    assert.deepEqual(await rows(world, { group_by: 'unit,segment', unit: 'store' }, ['unit', ...names]), [
      ['store', 'smb', 'detractor', 1, 100, 41.666667],
    ]);
    for (const group_by of ['theme', 'month', 'segment,channel']) {
      const { status, body } = await world.send('GET', `/v1/${path}?group_by=${group_by}`);
      assert.deepEqual([status, body.code], [400, 'unknown_grouping']);
    }
  },

  async 'what was just sent counts, also an answer after the day through which revenue is complete'(world) {
    await company(world);
    await world.facts('responses', [said('P1', 1, 505), said('U1', 10, 505, { id: 'late' })]);
    await world.facts('revenue-events', [paid('U1', '7', 499)]);
    const answer = await ask(world);
    assert.deepEqual(
      answer.data.map(({ band, customers, revenue }: Row) => [band, customers, revenue]),
      [
        ['detractor', 4, 510],
        ['passive', 1, 200],
        ['promoter', 2, 147],
        ['unknown', 1, 10],
      ],
    );
    assert.equal(answer.parameters.answers_as_of, at(505));
    // Of two answers at the same moment the one with the greater id is the latest.
    await world.facts('responses', [said('U1', 0, 505, { id: 'later' })]);
    assert.equal((await rows(world, {}, ['revenue']))[0][0], 557);
  },

  async 'each survey has rows of its own, and one that is triggered by leaving only when it is asked for'(world) {
    await company(world);
    await world.facts('surveys', [
      { key: 'csat', name: 'Satisfied?', kind: 'csat' },
      { key: 'exit', name: 'Why?', kind: 'nps', triggered_by_leaving: true },
    ]);
    await world.facts('responses', [said('D1', 5, 400, { survey: 'csat' }), said('P1', 0, 400, { survey: 'exit' })]);
    const names = ['survey', 'band', 'revenue'];
    assert.deepEqual((await rows(world, {}, names)).slice(0, 3), [
      ['csat', 'promoter', 100],
      ['csat', 'unknown', 760],
      ['nps', 'detractor', 210],
    ]);
    assert.deepEqual(await rows(world, { survey: 'exit' }, [...names, 'expected_loss', 'withheld']), [
      ['exit', 'detractor', 300, null, 'no response counts yet'],
      ['exit', 'unknown', 560, null, null],
    ]);
    const { reads_as } = await ask(world);
    assert.match(reads_as, /^Survey 'csat': In the 365 days.* Survey 'nps': /);
  },

  async 'the intervals are those of the difference in churn, by formulas that are worked out here again'(world) {
    const sent = { responses: [] as Row[], payments: [] as Row[] };
    const stayed: Record<string, Grouped[]> = { detractor: [], passive: [], promoter: [] };
    const revenue: Record<string, number> = { detractor: 0, passive: 0, promoter: 0 };
    for (let n = 0; n < 960; n++) {
      const id = `K${n}`;
      const [band = '', score = 0] =
        [['detractor', 2] as const, ['passive', 8] as const, ['promoter', 10] as const][n % 3] ?? [];
      const stays = band === 'promoter' ? n % 5 > 0 : band === 'passive' ? n % 4 > 0 : n % 2 > 0;
      sent.responses.push(said(id, score, 200));
      sent.payments.push(paid(id, `${10 + n}`, 190), ...(stays ? [paid(id, '1', 250)] : []));
      revenue[band] = (revenue[band] ?? 0) + 10 + n + (stays ? 1 : 0);
      const group = (createHash('sha256').update(id).digest()[0] ?? 0) & 31;
      stayed[band]?.push({ group, value: stays ? 1 : 0 });
    }
    await world.facts('responses', sent.responses);
    await world.facts('revenue-events', sent.payments);
    await world.complete(at(400));
    await refresh(world.db);
    const interval = (names: string[]) => {
      const paid = names.map((name) => revenue[name] ?? 0);
      const { difference, low, high } = shareSum([
        ...names.map((name, at) => ({ weight: -(paid[at] ?? 0), of: stayed[name] ?? [] })),
        { weight: sum(paid), of: stayed.promoter ?? [] },
      ]);
      return [difference, low, high].map(rounded);
    };
    const answer = await ask(world);
    const told = (band: string) => {
      const row = answer.data.find((one: Row) => one.band === band);
      return [row.expected_loss, row.expected_loss_low, row.expected_loss_high];
    };
    near(told('detractor'), interval(['detractor']));
    near(told('passive'), interval(['passive']));
    assert.deepEqual(told('promoter'), [0, 0, 0]);
    const both = answer.comparisons.find(({ measure }: Row) => measure === 'expected_loss');
    near([both.difference, both.difference_low, both.difference_high], interval(['detractor', 'passive']));
    assert.ok(both.p > 0 && both.p < 1);
  },

  async 'of many groups those are named in which leaving is expected to cost most'(world) {
    // Every promoter bought again, one detractor in five did; each segment has six of both and pays more than the last.
    for (const segment of [1, 2, 3, 4, 5]) {
      const ids = (band: string) => Array.from({ length: 6 }, (_, n) => `${band}${segment}${n}`);
      const all = [...ids('D'), ...ids('P')];
      await world.facts(
        'customers',
        all.map((id) => customer({ id, segment: `s${segment}` })),
      );
      await world.facts(
        'responses',
        all.map((id) => said(id, id.startsWith('P') ? 10 : 0, 200)),
      );
      await world.facts(
        'revenue-events',
        all.flatMap((id, at) => [
          paid(id, `${100 * segment}`, 190),
          ...(id.startsWith('P') || at === 0 ? [paid(id, '1', 250)] : []),
        ]),
      );
    }
    await world.complete(at(400));
    const { reads_as } = await ask(world, { group_by: 'segment' });
    // Of s5: 6 detractors paid 500 each, and one of them 1 more, x 25 of 30 who left.
    assert.match(
      reads_as,
      / by leaving in segment s5 \(2,500\.83 EUR\), in segment s4 \(2,000\.83 EUR\), in segment s3 \(1,500\.83 EUR\) and in 2 more groups\. /,
    );
  },

  async 'without revenue, answers or old windows it says what cannot be told'(world) {
    assert.match((await ask(world)).reads_as, /^Nothing can be told: no revenue events were sent yet/);
    await world.facts('revenue-events', [paid('A', '10', 300)]);
    assert.deepEqual(await rows(world, {}, ['band', 'customers', 'revenue', 'revenue_share', 'withheld']), [
      ['unknown', 1, 10, 1, null],
    ]);
    await world.facts('responses', [said('A', 2, 290)]);
    const open = await ask(world);
    assert.deepEqual(
      open.data.map((row: Row) => columns.map((name) => row[name])),
      [['detractor', 1, 10, 1, 0, null, null]],
    );
    assert.match(open.reads_as, /cannot be told: too few answers of a band have a window that has elapsed\.$/);
    // Refunds as large as the payments: no share of nothing.
    await world.facts('revenue-events', [paid('A', '-10', 301, { type: 'refund' })]);
    assert.deepEqual(await rows(world, {}, ['revenue', 'revenue_share']), [[0, null]]);
    // More than 365 days later nobody has paid.
    await world.complete(at(700));
    assert.match((await ask(world)).reads_as, /^Nobody who has not left paid anything/);
  },

  async 'everybody in one band gives no loss, and few responses withhold the rates'(world) {
    await world.facts(
      'responses',
      Array.from({ length: 12 }, (_, n) => said(`K${n}`, 10, 100)),
    );
    await world.facts(
      'revenue-events',
      Array.from({ length: 12 }, (_, n) => paid(`K${n}`, '5', 150)),
    );
    await world.complete(at(300));
    assert.deepEqual(await rows(world), [['promoter', 12, 60, 1, 12, 0, 0]]);
    assert.deepEqual((await ask(world)).comparisons, []);
    assert.deepEqual(await rows(world, { min_n: 13 }, ['revenue', 'churn_rate', 'expected_loss', 'withheld']), [
      [60, null, null, 'fewer than 13 responses'],
    ]);
  },

  async 'readers who may not see people see no standing of fewer than five'(world) {
    const { body } = await world.send('POST', '/v1/keys', { name: 'bi', scopes: ['read'] });
    // Score and people of each band.
    for (const [score, people] of [
      [2, 3],
      [8, 8],
      [10, 9],
    ] as const) {
      const ids = Array.from({ length: people }, (_, n) => `K${score}-${n}`);
      await world.facts(
        'responses',
        ids.map((id) => said(id, score, 200)),
      );
      await world.facts(
        'revenue-events',
        ids.map((id) => paid(id, '10', 210)),
      );
    }
    await world.complete(at(400));
    const { body: shown } = await world.send('GET', `/v1/${path}?window_days=90&min_n=1`, undefined, {
      authorization: `Bearer ${body.secret}`,
    });
    // The three detractors, and the next smallest band: the whole less the others would tell of them.
    assert.deepEqual(
      shown.data.map(({ band, customers, revenue, revenue_share }: Row) => [band, customers, revenue, revenue_share]),
      [
        ['detractor', null, null, null],
        ['passive', null, null, null],
        ['promoter', 9, 90, rounded(90 / 200)],
      ],
    );
    assert.match(shown.reads_as, /too few people/);
    assert.doesNotMatch(JSON.stringify(shown.data[0]), /\b30\b/);
  },
});

const rounded = (value: number) => Math.round((value + Number.EPSILON) * 1e6) / 1e6;
function near(found: number[], expected: number[]): void {
  for (const [at, value] of expected.entries())
    assert.ok(Math.abs((found[at] ?? Number.NaN) - value) < 1e-5, `${found} is not ${expected}`);
}
