import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BootstrapCustomer, bootstrapDifferences } from '../../src/stats/bootstrap.ts';
import { welch } from '../../src/stats/tests.ts';

const first = Array.from({ length: 60 }, (_, at) => 100 + ((at * 37) % 41));
const second = Array.from({ length: 50 }, (_, at) => 90 + ((at * 29) % 43));
const customers: BootstrapCustomer[] = [
  ...first.map((value): BootstrapCustomer => ({ n: [1, 0], sums: [[value, 0]] })),
  ...second.map((value): BootstrapCustomer => ({ n: [0, 1], sums: [[0, value]] })),
];
const summary = (values: readonly number[]) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { n: values.length, mean, variance: squares / (values.length - 1) };
};

test('the same seed gives the same numbers, another one others', async () => {
  const [one] = await bootstrapDifferences(customers, 1, 7);
  assert.deepEqual(await bootstrapDifferences(customers, 1, 7), [one]);
  assert.notDeepEqual(await bootstrapDifferences(customers, 1, 8), [one]);
});

test('where every customer counts once, limits and p are about those of Welch', async () => {
  const [found] = await bootstrapDifferences(customers, 1, 1);
  const expected = welch(summary(first), summary(second));
  assert.ok(found && expected && expected.low !== null && expected.high !== null);
  const width = expected.high - expected.low;
  assert.ok(Math.abs(found.low - expected.low) < 0.1 * width, `${found.low} and ${expected.low}`);
  assert.ok(Math.abs(found.high - expected.high) < 0.1 * width, `${found.high} and ${expected.high}`);
  assert.equal(found.p, 0.001);
});

test('a customer who counts four times is drawn as one', async () => {
  const often = customers.map(
    ({ n, sums }): BootstrapCustomer => ({
      n: [4 * n[0], 4 * n[1]],
      sums: sums.map(([a, b]) => [4 * a, 4 * b]),
    }),
  );
  // The same draws of the same means.
  const [once] = await bootstrapDifferences(customers, 1, 3);
  const [found] = await bootstrapDifferences(often, 1, 3);
  assert.ok(once && found && Math.abs(once.low - found.low) < 1e-9 && Math.abs(once.high - found.high) < 1e-9);
});

test('p and limits speak of 0 alike, and nothing that varies tells nothing', async () => {
  const even = first.flatMap((value): BootstrapCustomer[] => [
    { n: [1, 0], sums: [[value, 0]] },
    { n: [0, 1], sums: [[0, value]] },
  ]);
  const [found] = await bootstrapDifferences(even, 1, 1);
  assert.ok(found && found.p > 0.5 && found.low < 0 && found.high > 0);
  const same = even.map(({ n }): BootstrapCustomer => ({ n, sums: [[5 * n[0], 5 * n[1]]] }));
  assert.deepEqual(await bootstrapDifferences(same, 1, 1), [null]);
  assert.deepEqual(await bootstrapDifferences([], 2, 1), [null, null]);
  // Of two customers, half of the draws leave a side empty.
  assert.deepEqual(await bootstrapDifferences(customers.slice(59, 61), 1, 1), [null]);
});
