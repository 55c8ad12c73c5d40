import { bands } from '../../outcomes/cells.ts';
import { type LogRank, logRank } from '../../stats/survival.ts';
import { withQ } from '../../stats/tests.ts';
import { type AnswerRow, groupColumns, rounded, roundedP } from '../answer.ts';
import type { Question } from '../question.ts';
import type { GroupKey } from '../sums.ts';
import { allBands, type Followed, type FollowedBand } from './followed.ts';

/** The log-rank test of bands of a group, or (`against` is null) of the groups of a survey. */
export interface CurveComparison extends GroupKey {
  band: string;
  against: string | null;
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
      const named = { band: names.slice(0, -1).join(', '), against: names.at(-1) ?? null };
      return [{ survey: group.survey, groups: group.groups, ...named, result, p: result?.p ?? null }];
    };
    return [...test(bands), ...test(['promoter', 'detractor']), ...test(['passive', 'detractor'])];
  });
  return withQ(found);
}

/** Whether the log-rank test of its survey compares a group: its curve is told, and it is known what group it is. */
export const isCompared = ({ groups, bands: of }: Followed, withheld: Map<FollowedBand, string | null>): boolean => {
  const all = of.get(allBands);
  return all !== undefined && withheld.get(all) === null && groups.every((value) => value !== null);
};

/** The log-rank test of all groups of each survey, whose bands are pooled. */
export function compareGroups(groups: Followed[], withheld: Map<FollowedBand, string | null>): CurveComparison[] {
  const surveys = [...new Set(groups.map(({ survey }) => survey))];
  const found = surveys.flatMap((survey) => {
    const told = groups.filter((group) => group.survey === survey && isCompared(group, withheld));
    if (told.length < 2) return [];
    const result = logRank(told.map(({ bands: of }) => of.get(allBands)?.rows ?? []));
    return [{ survey, groups: [], band: allBands, against: null, result, p: result?.p ?? null }];
  });
  return withQ(found);
}

export const curveComparisonRow = (comparison: CurveComparison, question: Question): AnswerRow => ({
  ...groupColumns(comparison, question),
  measure: 'log_rank',
  band: comparison.band,
  against: comparison.against,
  chi2: rounded(comparison.result?.chi2 ?? null),
  df: comparison.result?.df ?? null,
  p: roundedP(comparison.p),
  q: roundedP(comparison.q),
});
