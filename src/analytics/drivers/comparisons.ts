import { tTest, withQ } from '../../stats/tests.ts';
import type { EstimatedWeights } from '../../stats/weights.ts';
import type { AnswerRow } from '../answer.ts';
import { contrastColumns } from '../columns.ts';
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
  return withQ(pairs).map(({ higher, lower, ...contrast }) => ({
    measure: 'importance',
    driver: predictors[higher]?.driver ?? '',
    against: predictors[lower]?.driver ?? '',
    ...contrastColumns(contrast),
  }));
}
