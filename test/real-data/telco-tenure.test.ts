import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missing, readCsv, startService } from './loader.ts';

// The same 7,043 customers as in telco.test.ts, followed for their tenure. The file tells for how many months each has
// been a customer, and who left. So that the service follows them as long, a month is taken for a day, and everybody
// answers that many days before the last complete one, on which those who left do so.
const dayMs = 86_400_000;
const lastNoon = Date.parse('2023-06-30T12:00:00Z');
const complete = '2023-07-01T00:00:00.000Z';
const daysBefore = (days: number) => new Date(lastNoon - days * dayMs).toISOString();

test('telco: how long customers stay by contract is what the published analyses say', {
  skip: missing('telco_ibm'),
}, async (t) => {
  const left = new Map(
    readCsv('telco_ibm', 'Telco_customer_churn_status.csv').map((row) => [
      row['Customer ID'] ?? '',
      row['Churn Value'] === '1',
    ]),
  );
  const customers = readCsv('telco_ibm', 'Telco_customer_churn_services.csv').map((row) => {
    const id = row['Customer ID'] ?? '';
    return { id, contract: row.Contract ?? '', tenure: Number(row['Tenure in Months']), left: left.get(id) === true };
  });
  const service = await startService(t);
  await service.put('surveys/start', { name: 'How was the start?', kind: 'nps' });
  await service.send(
    'responses',
    customers.map(({ id, contract, tenure }) => ({
      id,
      customer_id: id,
      survey: 'start',
      score: tenure % 11,
      segment: contract,
      answered_at: daysBefore(tenure),
    })),
  );
  await service.send(
    'retention-events',
    customers.flatMap(({ id, tenure, left: hasLeft }) => [
      { id: `start-${id}`, customer_id: id, type: 'started', occurred_at: daysBefore(tenure + 1) },
      ...(hasLeft ? [{ id: `end-${id}`, customer_id: id, type: 'churned', occurred_at: daysBefore(0) }] : []),
    ]),
  );
  await service.put('datasets/retention-events/complete-through', { complete_through: complete });
  await service.settle();

  const answer = await service.ask('/v1/outcomes/retention/curve?group_by=segment&compare=groups&window_days=90');
  assert.deepEqual(answer.left_out, []);
  // From lifelines' multivariate_logrank_test over the three contracts: 2768.995 with 2 degrees of freedom.
  assert.equal(answer.comparisons.length, 1);
  const { chi2, df, p, band } = answer.comparisons[0] ?? {};
  assert.deepEqual([chi2?.toFixed(3), df, p, band], ['2768.995', 2, 0, 'all']);

  for (const contract of new Set(customers.map((one) => one.contract))) {
    // The product of (1 - churned / at risk) over the days, from the file.
    const of = customers.filter((one) => one.contract === contract);
    let survival = 1;
    const curve = new Map([[0, 1]]);
    for (let day = 1; day <= 72; day++) {
      const churned = of.filter((one) => one.left && one.tenure === day).length;
      survival *= 1 - churned / of.filter((one) => one.tenure >= day).length;
      if (churned > 0) curve.set(day, survival);
    }
    const rows = answer.data.filter((row) => row.segment === contract);
    assert.equal(rows.length, curve.size);
    for (const row of rows) {
      const expected = curve.get(row.day);
      assert.ok(expected !== undefined && Math.abs(row.survival - expected) < 1e-6, `${contract}, day ${row.day}`);
    }
  }
  assert.match(answer.reads_as, /did not stay equally long \(log-rank p < 0\.001; 1,869 left\)/);
});
