import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { demoCompany } from '../../src/demo/company.ts';
import { randomOf } from '../../src/demo/random.ts';

const hashOf = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);

test('the company is the same every time, so that the numbers in the README stay true', () => {
  assert.equal(hashOf(demoCompany()), 'dd4c6da6d7213a7c');
});

test('another seed makes another company', () => {
  assert.notEqual(hashOf(demoCompany({ seed: 2, customers: 5 })), hashOf(demoCompany({ customers: 5 })));
});

test('facts lie within the three years and speak of customers, units and surveys that are there', () => {
  const { datasets, mistaken } = demoCompany({ customers: 300 });
  const customers = new Map(datasets.customers.map((row) => [row.id, row]));
  const units = new Set(datasets.units.map(({ key }) => key));
  const surveys = new Set(datasets.surveys.map(({ key }) => key));
  const facts = {
    invitations: 'sent_at',
    responses: 'answered_at',
    'revenue-events': 'occurred_at',
    referrals: 'made_at',
    'retention-events': 'occurred_at',
  } as const;
  for (const path of Object.keys(facts) as (keyof typeof facts)[]) {
    const rows = datasets[path];
    assert.ok(rows.length > 100, path);
    assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length, path);
    let before = '';
    for (const row of rows) {
      const at = String(row[facts[path]]);
      // Memberships may be older than the three years.
      assert.ok(at >= (path === 'retention-events' ? '2022' : '2023-07-01') && at < '2026-07-01' && at >= before, at);
      before = at;
      if ('unit' in row) assert.ok(units.has(row.unit), String(row.unit));
      if ('survey' in row) assert.ok(surveys.has(row.survey), String(row.survey));
      const customer = customers.get(row.customer_id ?? row.referrer_id);
      if (row.customer_id !== null) assert.ok(customer && String(customer.acquired_at) <= at, `${path} ${row.id}`);
    }
  }
  for (const { referred_id, referrer_id, converted_at } of datasets.referrals)
    if (converted_at !== undefined) {
      assert.equal(customers.get(referred_id)?.acquired_at, converted_at);
      assert.notEqual(referred_id, referrer_id);
    }
  for (const path of ['responses', 'revenue-events'] as const)
    for (const wrong of mistaken[path])
      assert.notDeepEqual(
        wrong,
        datasets[path].find(({ id }) => id === wrong.id),
      );
});

test('normal numbers have the mean 0 and the deviation 1, and weights are kept', () => {
  const random = randomOf(1);
  const numbers = Array.from({ length: 20_000 }, () => random.normal());
  const mean = numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
  const variance = numbers.reduce((sum, one) => sum + (one - mean) ** 2, 0) / numbers.length;
  assert.ok(Math.abs(mean) < 0.03, `mean ${mean}`);
  assert.ok(Math.abs(variance - 1) < 0.04, `variance ${variance}`);
  const shares = { a: 0, b: 0 };
  for (let n = 0; n < 10_000; n++) shares[random.weighted({ a: 3, b: 1 })]++;
  assert.ok(Math.abs(shares.a - 7_500) < 150, `${shares.a} of 10,000`);
});
