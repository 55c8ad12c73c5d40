import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mixChange } from '../../src/stats/mix.ts';
import { near } from './near.ts';

test('both segments rose, and the score fell, because of the mix', () => {
  const result = mixChange([
    { n_before: 900, score_before: 40, n_after: 500, score_after: 45 },
    { n_before: 100, score_before: -20, n_after: 500, score_after: -10 },
  ]);
  near(result?.change, 17.5 - 34, 1e-9);
  near(result?.mix, -23, 1e-9);
  near(result?.within, 6.5, 1e-9);
});

test('a segment that is new, or gone, is all mix', () => {
  const result = mixChange([
    { n_before: 50, score_before: 20, n_after: 50, score_after: 20 },
    { n_before: 50, score_before: 60, n_after: 0, score_after: null },
    { n_before: 0, score_before: null, n_after: 50, score_after: -20 },
  ]);
  near(result?.mix, -40, 1e-9);
  near(result?.within, 0, 1e-12);
});

test('a period without responses tells nothing', () => {
  assert.equal(mixChange([]), null);
  assert.equal(mixChange([{ n_before: 0, score_before: null, n_after: 9, score_after: 10 }]), null);
});

test('the two parts are exactly the change of the whole score', () => {
  const count = fc.nat({ max: 1000 });
  const score = fc.integer({ min: -100, max: 100 });
  const segment = fc.tuple(count, score, count, score).map(([n0, s0, n1, s1]) => ({
    n_before: n0,
    score_before: n0 > 0 ? s0 : null,
    n_after: n1,
    score_after: n1 > 0 ? s1 : null,
  }));
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 10 }), (segments) => {
      const before = segments.reduce((sum, s) => sum + s.n_before, 0);
      const after = segments.reduce((sum, s) => sum + s.n_after, 0);
      const result = mixChange(segments);
      assert.equal(result === null, before === 0 || after === 0);
      if (!result) return;
      const whole0 = segments.reduce((sum, s) => sum + s.n_before * (s.score_before ?? 0), 0) / before;
      const whole1 = segments.reduce((sum, s) => sum + s.n_after * (s.score_after ?? 0), 0) / after;
      near(result.change, whole1 - whole0, 1e-9);
    }),
  );
});
