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

test('what the segments add makes the two parts, and the error of the whole is that of the two scores', () => {
  const count = fc.integer({ min: 0, max: 200 });
  const [score, variance] = [fc.integer({ min: -100, max: 100 }), fc.nat({ max: 9000 })];
  const segment = fc
    .tuple(count, score, variance, count, score, variance)
    .map(([n_before, s0, v0, n_after, s1, v1]) => ({
      n_before,
      score_before: n_before > 0 ? s0 : null,
      variance_before: n_before > 0 ? v0 : null,
      n_after,
      score_after: n_after > 0 ? s1 : null,
      variance_after: n_after > 0 ? v1 : null,
    }));
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 6 }), (segments) => {
      const result = mixChange(segments);
      if (!result) return;
      const { segments: parts, errors } = result;
      near(
        parts.reduce((sum, { mix }) => sum + mix, 0),
        result.mix,
        1e-9,
      );
      near(
        parts.reduce((sum, { within }) => sum + within, 0),
        result.within,
        1e-9,
      );
      /** The variance of a mean over all responses: between the segments and inside them. */
      const varianceOf = (of: (s: (typeof segments)[number]) => [n: number, score: number, variance: number]) => {
        const all = segments.map(of);
        const n = all.reduce((sum, [m]) => sum + m, 0);
        const mean = all.reduce((sum, [m, s]) => sum + m * s, 0) / n;
        return all.reduce((sum, [m, s, v]) => sum + m * ((s - mean) ** 2 + v), 0) / n ** 2;
      };
      const variances =
        varianceOf((s) => [s.n_before, s.score_before ?? 0, s.variance_before ?? 0]) +
        varianceOf((s) => [s.n_after, s.score_after ?? 0, s.variance_after ?? 0]);
      near(errors.change, Math.sqrt(variances), 1e-8);
    }),
  );
});

test('errors of the parts: fixed shares leave the scores, fixed scores leave the shares', () => {
  // Shares that could not be otherwise: one segment. Its score has the variance 400 / 100 + 900 / 100.
  const one = mixChange([
    { n_before: 100, score_before: 10, variance_before: 400, n_after: 100, score_after: 30, variance_after: 900 },
  ]);
  near(one?.errors.within, Math.sqrt(13), 1e-12);
  near(one?.errors.mix, 0, 1e-12);
  // Scores of 100 and 0 without variance: the mix is 100 dw, of variance 100^2 (0.5 x 0.5 / 50 + 0.2 x 0.8 / 100).
  const two = mixChange([
    { n_before: 25, score_before: 100, variance_before: 0, n_after: 20, score_after: 100, variance_after: 0 },
    { n_before: 25, score_before: 0, variance_before: 0, n_after: 80, score_after: 0, variance_after: 0 },
  ]);
  near(two?.mix, -30, 1e-12);
  near(two?.errors.mix, Math.sqrt(66), 1e-9);
  near(two?.errors.within, 0, 1e-12);
});
