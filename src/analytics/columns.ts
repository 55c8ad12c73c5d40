import { type Share, wilson } from '../stats/intervals.ts';
import { type AnswerRow, rounded, roundedP } from './answer.ts';

/** A figure and the limits of its interval as columns of a row: those that `figure` in schemas.ts declares. */
export const figureColumns = (
  name: string,
  value: number | null,
  low: number | null,
  high: number | null,
): AnswerRow => ({
  [name]: rounded(value),
  [`${name}_low`]: rounded(low),
  [`${name}_high`]: rounded(high),
});

/** A difference with its interval and its test as columns of a row: those that `contrast` in schemas.ts declares. */
export const contrastColumns = ({
  difference,
  low,
  high,
  p,
  q,
}: Record<'difference' | 'low' | 'high' | 'p' | 'q', number | null>) => ({
  difference: rounded(difference),
  difference_low: rounded(low),
  difference_high: rounded(high),
  p: roundedP(p),
  q: roundedP(q),
});

/** A share with its Wilson interval and its count; the share is null where fewer than `min_n` are known. */
export function rateColumns(name: string, share: Share | null, min_n: number): AnswerRow {
  const told = share && share.n >= min_n ? share : null;
  const interval = told && wilson(told);
  return {
    ...figureColumns(name, told && told.successes / told.n, interval?.low ?? null, interval?.high ?? null),
    [`${name}_n`]: share?.n ?? null,
  };
}
