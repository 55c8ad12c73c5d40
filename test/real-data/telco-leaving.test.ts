import assert from 'node:assert/strict';
import { test } from 'node:test';
import { near, wilson } from './figures.ts';
import { missing, readCsv, startService } from './loader.ts';

// The same 7,043 customers as in telco.test.ts, here with what the file says they paid in all, and why they left. The
// files know no dates: everybody pays on one day and leaves on another.
const paid_at = '2022-06-01T00:00:00Z';
const left_at = '2022-06-30T00:00:00Z';

test('telco: why customers left, by how many they were and by what they had paid', {
  skip: missing('telco_ibm'),
}, async (t) => {
  const status = new Map(
    readCsv('telco_ibm', 'Telco_customer_churn_status.csv').map((row) => [row['Customer ID'], row]),
  );
  const customers = readCsv('telco_ibm', 'Telco_customer_churn_services.csv').map((row) => ({
    id: row['Customer ID'] ?? '',
    contract: row.Contract ?? '',
    total: row['Total Revenue'] ?? '',
    has_left: status.get(row['Customer ID'])?.['Churn Value'] === '1',
    reason: status.get(row['Customer ID'])?.['Churn Reason'] ?? '',
  }));
  const service = await startService(t);
  await service.send(
    'customers',
    customers.map(({ id, contract }) => ({ id, segment: contract })),
  );
  await service.send(
    'revenue-events',
    customers.map(({ id, total }) => ({
      id,
      customer_id: id,
      type: 'one_time',
      amount: total,
      currency: 'EUR',
      occurred_at: paid_at,
    })),
  );
  const leavers = customers.filter(({ has_left }) => has_left);
  await service.send(
    'retention-events',
    leavers.map(({ id, reason }) => ({ id, customer_id: id, type: 'churned', reason, occurred_at: left_at })),
  );
  await service.settle();

  await t.test('by count the top reason is "better devices", by revenue "better offer"', async () => {
    const byCount = await service.ask('/v1/analytics/leaving-reasons?order=customers');
    const byRevenue = await service.ask('/v1/analytics/leaving-reasons?order=revenue');
    assert.deepEqual([byCount.data[0]?.reason, byCount.data[0]?.customers], ['Competitor had better devices', 313]);
    assert.deepEqual(
      [byRevenue.data[0]?.reason, byRevenue.data[0]?.revenue],
      ['Competitor made better offer', 582_822.2],
    );
    assert.match(
      byRevenue.reads_as,
      /^The reason to leave that cost the most revenue is "Competitor made better offer": 311 of 1,869 customers who left \(16\.6%\), who had paid 582,822\.20 EUR in all\.$/,
    );
  });

  for (const contract of [null, ...new Set(leavers.map((one) => one.contract))])
    await t.test(`every reason of ${contract ?? 'all'} is what the file says`, async () => {
      const asked = contract === null ? '' : `?segment=${encodeURIComponent(contract)}`;
      const { data } = await service.ask(`/v1/analytics/leaving-reasons${asked}`);
      const left = leavers.filter((one) => contract === null || one.contract === contract);
      const reasons = [...new Set(left.map(({ reason }) => reason))];
      const sum = (of: typeof left) => of.reduce((all, { total }) => all + Number(total), 0);
      const expected = reasons
        .map((reason) => left.filter((one) => one.reason === reason))
        .sort((one, other) => sum(other) - sum(one));
      assert.equal(data.length, expected.length);
      for (const [place, of] of expected.entries()) {
        const row = data[place];
        assert.deepEqual([row?.reason, row?.customers], [of[0]?.reason, of.length]);
        near(row?.revenue, sum(of), `${row?.reason}, revenue`);
        near(row?.revenue_share, sum(of) / sum(left), `${row?.reason}, share of revenue`);
        near(row?.share_low, wilson(of.length, left.length).low, `${row?.reason}, share`);
      }
    });
});
