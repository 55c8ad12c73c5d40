import { bands } from '../../outcomes/cells.ts';
import { type LogRank, logRank } from '../../stats/survival.ts';
import { benjaminiHochberg } from '../../stats/tests.ts';
import { type AnswerRow, groupColumns, rounded, roundedP } from '../answer.ts';
import type { Question } from '../question.ts';
import type { GroupKey } from '../sums.ts';
import type { Followed, FollowedBand } from './followed.ts';

/** The log-rank test of bands of a group. */
export interface CurveComparison extends GroupKey {
  names: readonly string[];
  result: LogRank | null;
  p: number | null;
  q: number | null;
}

/** The log-rank test of all bands, and of promoters and passives against detractors. */
export function compareCurves(groups: Followed[], withheld: Map<FollowedBand, string | null>): CurveComparison[] {
  const found = groups.flatMap((group) => {
    const test = (names: readonly string[]) => {
      const told = names.flatMap((name) => {
        const band = group.bands.get(name);
        return band && withheld.get(band) === null ? [band.rows] : [];
      });
      if (told.length < names.length) return [];
      const result = logRank(told);
      return [{ survey: group.survey, groups: group.groups, names, result, p: result?.p ?? null }];
    };
    return [...test(bands), ...test(['promoter', 'detractor']), ...test(['passive', 'detractor'])];
  });
  const qs = benjaminiHochberg(found.map(({ p }) => p));
  return found.map((one, at) => ({ ...one, q: qs[at] ?? null }));
}

export const curveComparisonRow = (comparison: CurveComparison, question: Question): AnswerRow => ({
  ...groupColumns(comparison, question),
  measure: 'log_rank',
  band: comparison.names.slice(0, -1).join(', '),
  against: comparison.names.at(-1) ?? null,
  chi2: rounded(comparison.result?.chi2 ?? null),
  df: comparison.result?.df ?? null,
  p: roundedP(comparison.p),
  q: roundedP(comparison.q),
});
