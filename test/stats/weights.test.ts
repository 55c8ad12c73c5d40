import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { symmetricEigen } from '../../src/stats/eigen.ts';
import { addMoments, correlationsOf, type Moments } from '../../src/stats/moments.ts';
import { estimateWeights, relativeWeights } from '../../src/stats/weights.ts';
import { near } from './near.ts';

/** The moments of rows of a target and its predictors. */
const momentsOf = (rows: readonly (readonly number[])[], size = rows[0]?.length ?? 0): Moments => {
  const sum = (of: (row: readonly number[]) => number) => rows.reduce((total, row) => total + of(row), 0);
  const places = Array.from({ length: size }, (_, i) => i);
  return {
    n: rows.length,
    sums: places.map((i) => sum((row) => row[i] ?? 0)),
    products: places.map((i) => places.slice(0, i + 1).map((j) => sum((row) => (row[i] ?? 0) * (row[j] ?? 0)))),
  };
};

test('the reference: three predictors that have much in common', () => {
  const found = relativeWeights(
    [
      [1, 0.6, 0.3],
      [0.6, 1, 0.4],
      [0.3, 0.4, 1],
    ],
    [0.5, 0.6, 0.4],
  );
  assert.ok(found);
  [0.124447, 0.210735, 0.081297].forEach((weight, at) => {
    near(found.weights[at], weight);
  });
  near(found.r2, 0.416479);
});

test('predictors without anything in common have the squares of their correlations for weights', () => {
  const found = relativeWeights(
    [
      [1, 0],
      [0, 1],
    ],
    [0.6, -0.3],
  );
  assert.ok(found);
  near(found.weights[0], 0.36, 1e-12);
  near(found.weights[1], 0.09, 1e-12);
  near(found.condition_number, 1, 1e-12);
});

test('copies, more than the data could be, and nothing at all cannot be told', () => {
  const copies = [
    [1, 1, 0.2],
    [1, 1, 0.2],
    [0.2, 0.2, 1],
  ];
  assert.equal(relativeWeights(copies, [0.5, 0.5, 0.1]), null);
  // a + b = c: no two are copies, and the three are singular all the same.
  const half = Math.SQRT1_2;
  assert.equal(
    relativeWeights(
      [
        [1, 0, half],
        [0, 1, half],
        [half, half, 1],
      ],
      [0.3, 0.3, 0.4],
    ),
    null,
  );
  assert.equal(relativeWeights([[1]], [1.1]), null);
  assert.equal(relativeWeights([[1]], [Number.NaN]), null);
  assert.equal(relativeWeights([], []), null);
});

test('the eigenvectors are orthonormal and make the matrix again', () => {
  const matrices = fc
    .integer({ min: 1, max: 6 })
    .chain((size) =>
      fc
        .array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: size * size, maxLength: size * size })
        .map((values) =>
          Array.from({ length: size }, (_, i) =>
            Array.from({ length: size }, (__, j) => values[Math.max(i, j) * size + Math.min(i, j)] ?? 0),
          ),
        ),
    );
  fc.assert(
    fc.property(matrices, (matrix) => {
      const { values, vectors } = symmetricEigen(matrix);
      assert.deepEqual(
        values,
        values.toSorted((a, b) => b - a),
      );
      matrix.forEach((row, i) => {
        row.forEach((value, j) => {
          const dot = vectors.reduce((sum, vector) => sum + (vector[i] ?? 0) * (vector[j] ?? 0), 0);
          near(dot, i === j ? 1 : 0, 1e-10);
          const made = vectors.reduce(
            (sum, vector, k) => sum + (values[k] ?? 0) * (vector[i] ?? 0) * (vector[j] ?? 0),
            0,
          );
          near(made, value, 1e-9);
        });
      });
    }),
  );
});

const someRows = fc.array(fc.tuple(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 1, max: 5 }), fc.nat(7)), {
  minLength: 12,
  maxLength: 40,
});

test('the weights are never negative and sum to R2, whatever the data', () => {
  fc.assert(
    fc.property(someRows, (rows) => {
      const found = estimateWeights([momentsOf(rows)]);
      if (!found) return;
      assert.ok(found.weights.every((weight) => weight >= 0));
      near(
        found.weights.reduce((sum, weight) => sum + weight, 0),
        found.r2,
        1e-9,
      );
    }),
  );
});

test('moments add up: parts give the correlations of the whole', () => {
  fc.assert(
    fc.property(someRows, fc.nat(11), (rows, at) => {
      const parts = addMoments([momentsOf(rows.slice(0, at), 3), momentsOf(rows.slice(at), 3)]);
      assert.deepEqual(parts, momentsOf(rows));
    }),
  );
});

test('a variable that does not vary has no correlation', () => {
  assert.equal(
    correlationsOf(
      momentsOf([
        [1, 0.1],
        [2, 0.1],
        [3, 0.1],
      ]),
    ),
    null,
  );
  assert.equal(correlationsOf(momentsOf([[1, 2]])), null);
  assert.equal(
    estimateWeights([
      momentsOf([
        [1, 4],
        [2, 4],
        [3, 4],
      ]),
    ]),
    null,
  );
  assert.equal(estimateWeights([]), null);
});

test('the errors are those of leaving out one group after the other', () => {
  // y and x of three groups; one predictor, so its weight is the squared correlation.
  const groups = [
    [
      [1, 1],
      [2, 2],
      [3, 2],
    ],
    [
      [2, 3],
      [5, 4],
      [1, 1],
    ],
    [
      [4, 2],
      [3, 4],
      [5, 5],
    ],
  ];
  const found = estimateWeights(groups.map((rows) => momentsOf(rows)));
  assert.ok(found);
  const square = (rows: number[][]) => (correlationsOf(momentsOf(rows))?.[0]?.[1] ?? 0) ** 2;
  const full = square(groups.flat());
  const squares = groups.map((_, g) => (square(groups.toSpliced(g, 1).flat()) - full) ** 2);
  near(found.weights[0], full, 1e-12);
  near(
    found.error(({ weights }) => weights[0] ?? 0),
    Math.sqrt((2 / 3) * squares.reduce((a, b) => a + b)),
    1e-12,
  );
  assert.equal(found.df, 2);
});

test('one group tells no error, nor do groups without one of which nothing varies', () => {
  const rows = [
    [1, 1],
    [2, 3],
    [3, 2],
    [4, 4],
  ];
  const one = estimateWeights([momentsOf(rows), momentsOf([], 2)]);
  assert.ok(one);
  assert.deepEqual([one.df, one.error(({ r2 }) => r2)], [null, null]);
  const two = estimateWeights([momentsOf(rows), momentsOf([[5, 5]])]);
  assert.ok(two);
  assert.deepEqual([two.df, two.error(({ r2 }) => r2)], [null, null]);
});
