import type { Database } from '../../db/pool.ts';
import { standardisedDifference } from '../../stats/standardised.ts';
import { tTest } from '../../stats/tests.ts';
import type { Question } from '../question.ts';
import { type BandSums, type GroupKey, type GroupSums, readOutcomeSums, sourceOf, total } from '../sums.ts';
import { percent } from '../words.ts';
import type { Comparison, Findings } from './findings.ts';

export const standardisedMeasure = 'revenue_after_standardised';

/** The standardised differences of an answer, and what it says of how they were made. */
interface Standardised {
  comparisons: Omit<Comparison, 'q'>[];
  method: string;
  warnings: string[];
}

const none: Standardised = { comparisons: [], method: '', warnings: [] };

/**
 * The differences in revenue once more, as they would be with the same mix of segments in both bands: big customers may
 * simply be happier. Over the segments in which both bands have at least `min_n` responses, where there are two.
 *
 * Reads the sums by segment. Where those are not kept (by month, say) it does so only if the answer has read single
 * outcomes anyway: it shall not make a quick answer slow.
 */
export async function standardise(db: Database, findings: Findings): Promise<Standardised> {
  const { question, comparisons, read_rows } = findings;
  const pairs = comparisons.filter(({ measure, difference }) => measure === 'revenue_after' && difference !== null);
  if (pairs.length === 0 || question.group_by.includes('segment') || question.filters.segment !== undefined)
    return none;
  const segmented: Question = { ...question, group_by: [...question.group_by, 'segment'] };
  const source = sourceOf(segmented, 'outcome_cells');
  if (source.from === 'rows' && !read_rows) return none;
  const segments = await db.read((client) => readOutcomeSums(client, segmented, source));

  const found: Omit<Comparison, 'q'>[] = [];
  let covered = 0;
  let all = 0;
  for (const pair of pairs) {
    const own = segments.filter((segment) => isPart(segment, pair));
    const strata = own.flatMap(({ groups, bands }) => {
      const first = bands.get(pair.band);
      const second = bands.get(pair.against);
      const fewest = Math.min(total(first, 'revenue_n'), total(second, 'revenue_n'));
      if (groups.at(-1) === null || !first || !second || fewest < Math.max(1, question.min_n)) return [];
      return [
        { first: ratios(first), second: ratios(second), n: total(first, 'revenue_n') + total(second, 'revenue_n') },
      ];
    });
    const result = strata.length < 2 ? null : standardisedDifference(strata);
    if (!result) continue;
    const { difference, low, high, p } = tTest(result.estimate, result.standard_error, result.df);
    found.push({ ...pair, measure: standardisedMeasure, difference, low, high, p });
    covered += strata.reduce((sum, { n }) => sum + n, 0);
    all += own.reduce(
      (sum, { bands }) => sum + total(bands.get(pair.band), 'revenue_n') + total(bands.get(pair.against), 'revenue_n'),
      0,
    );
  }
  if (found.length === 0) return none;
  return {
    comparisons: found,
    method: `; ${standardisedMeasure}: both bands with the segments' shares of the two together, delete-a-group jackknife`,
    warnings:
      covered === all
        ? []
        : [
            `${standardisedMeasure} is of ${percent(covered / all)} of the responses compared: the others have no segment, or one in which a band has fewer than ${question.min_n} responses.`,
          ],
  };
}

const isPart = (segment: GroupSums, { survey, groups }: GroupKey) =>
  segment.survey === survey && groups.every((value, at) => value === segment.groups[at]);

const ratios = (sums: BandSums) =>
  sums.map((group) => ({ numerator: group.revenue_after, denominator: group.revenue_n }));
