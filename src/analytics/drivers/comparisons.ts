import { benjaminiHochberg, tTest } from '../../stats/tests.ts';
import type { EstimatedWeights } from '../../stats/weights.ts';
import { type AnswerRow, rounded, roundedP } from '../answer.ts';
import type { Predictor } from './predictors.ts';

/** A driver against the one that is next to it by rank. */
export interface DriverComparison extends AnswerRow {
  driver: string;
  against: string;
  difference: number | null;
  difference_low: number | null;
  difference_high: number | null;
  p: number | null;
  q: number | null;
}

/** Each driver against the next by rank; `order` holds the places of the predictors by rank. */
export function compareNext(weights: EstimatedWeights, order: number[], predictors: Predictor[]): DriverComparison[] {
  const pairs = order.slice(1).map((lower, rank) => {
    const higher = order[rank] ?? lower;
    const difference = (weights.weights[higher] ?? 0) - (weights.weights[lower] ?? 0);
    const error = weights.error((one) => (one.weights[higher] ?? 0) - (one.weights[lower] ?? 0));
    return { higher, lower, ...tTest(difference, error, weights.df) };
  });
  const qs = benjaminiHochberg(pairs.map(({ p }) => p));
  return pairs.map(({ higher, lower, difference, low, high, p }, at) => ({
    measure: 'importance',
    driver: predictors[higher]?.driver ?? '',
    against: predictors[lower]?.driver ?? '',
    difference: rounded(difference),
    difference_low: rounded(low),
    difference_high: rounded(high),
    p: roundedP(p),
    q: roundedP(qs[at] ?? null),
  }));
}
