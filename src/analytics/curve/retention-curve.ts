import type { Database } from '../../db/pool.ts';
import { badParameter } from '../../errors.ts';
import { bands } from '../../outcomes/cells.ts';
import { kaplanMeier, survivalAt } from '../../stats/survival.ts';
import {
  type Answer,
  type AnswerRow,
  freshness,
  groupColumns,
  qMethod,
  rounded,
  testsIn,
  usualWarnings,
  withheldReason,
} from '../answer.ts';
import { prepareQuestion, type Question, type QuestionParameters, requireKnown, shownParameters } from '../question.ts';
import { hiddenRows, linesOf } from '../small-groups.ts';
import { scoped } from '../words.ts';
import { compareCurves, compareGroups, curveComparisonRow } from './comparisons.ts';
import { allBands, type Followed, type FollowedBand, readFollowed } from './followed.ts';
import { groupCurveSentence } from './group-sentence.ts';
import { curveSentence } from './sentence.ts';

const definition = {
  id: 'retention_curve',
  version: 1,
  text: 'Kaplan-Meier estimate of the share of customers who have not left so many days after an index response, of customers with a contract that ran when they answered. Leaving is the first churn after the answer; who has not left is followed through the last complete day, but no longer than the window: then the next index response is followed. Time is counted in calendar days of the reporting time zone, a churn on the day of the answer as day 1. Greenwood standard error, interval on the log(-log) scale; bands are compared by the log-rank test, or, with compare=groups, all groups of a survey whose bands are pooled.',
};

/**
 * The retention curve by band. Open windows are no reason to leave a response out here: it counts for as long as it was
 * followed.
 */
export async function retentionCurve(
  db: Database,
  given: QuestionParameters & { compare?: 'bands' | 'groups' },
  reader: { personal: boolean },
): Promise<Answer> {
  const question = await prepareQuestion(db, given, reader);
  const pooled = given.compare === 'groups';
  if (pooled) requireGroups(question);
  const asOf = asOfCurve(question);
  const { groups, left_out } = await db.read((client) => readFollowed(client, question, asOf, pooled), {
    snapshot: true,
  });
  const withheld = withheldBands(groups, question);
  const comparisons = pooled ? compareGroups(groups, withheld) : compareCurves(groups, withheld);
  const tests = testsIn(comparisons);
  const { fresh, warnings } = freshness(question, asOf);
  const data = groups.flatMap((group) => curveRows(group, pooled ? [allBands] : bands, withheld, question));
  return {
    question: 'outcomes/retention/curve',
    reads_as: scoped(
      pooled
        ? groupCurveSentence(groups, withheld, comparisons, question, asOf)
        : curveSentence(groups, (band) => withheld.get(band) === null, comparisons, question, asOf),
      question,
    ),
    definition,
    parameters: shownParameters(question, {
      window_days: question.window_days,
      as_of: asOf?.toISOString() ?? question.as_of,
      compare: pooled ? 'groups' : 'bands',
    }),
    data,
    comparisons: comparisons.map((comparison) => curveComparisonRow(comparison, question)),
    left_out,
    fresh,
    method: `Kaplan-Meier, Greenwood, log(-log) interval; log-rank test${qMethod(tests)}`,
    warnings: [...warnings, ...usualWarnings(data, tests)],
  };
}

/**
 * @throws ApiError 400 where there are no groups, or groups that share responses, which the log-rank test cannot
 * compare.
 */
function requireGroups({ group_by }: Question): void {
  if (group_by.length === 0)
    throw badParameter('compare', 'nothing_to_compare', 'compare=groups needs groups: name them with group_by.');
  if (group_by.includes('theme'))
    throw badParameter(
      'compare',
      'groups_overlap',
      'A response with several themes is in several groups, which the log-rank test cannot compare. Group by something else, or ask for one theme at a time with theme=... and compare=bands.',
    );
}

/** The moment through which leaving is known, or an earlier `as_of`; null where no retention event was ever sent. */
function asOfCurve({ state, as_of }: Question): Date | null {
  const known = state.retention_through;
  if (as_of === null || !known) return known;
  const asked = new Date(as_of);
  requireKnown('Who left', asked, known);
  return asked;
}

/** Why a curve is not told; null where it is. */
function withheldBands(groups: Followed[], question: Question): Map<FollowedBand, string | null> {
  const all = groups.flatMap((group) => [...group.bands].map(([name, band]) => ({ group, name, band })));
  const hidden = hiddenRows(
    all.map(({ group, name, band }) => ({ row: band, people: band.people, lines: linesOf(group, name) })),
    question.fewest_people,
  );
  return new Map(all.map(({ band }) => [band, withheldReason(band.n, hidden.has(band), question)]));
}

/** A row at the start, at each day with a churn, and at the end of the window. */
function curveRows(
  group: Followed,
  names: readonly string[],
  withheldBecause: Map<FollowedBand, string | null>,
  question: Question,
): AnswerRow[] {
  return names.flatMap((name): AnswerRow[] => {
    const band = group.bands.get(name);
    if (!band) return [];
    const withheld = withheldBecause.get(band) ?? null;
    const row = (at: {
      day: number | null;
      at_risk: number | null;
      churned: number | null;
      survival: number | null;
      low?: number | null;
      high?: number | null;
    }): AnswerRow => ({
      ...groupColumns(group, question),
      band: name,
      day: at.day,
      at_risk: at.at_risk,
      churned: at.churned,
      survival: rounded(at.survival),
      survival_low: rounded(at.low ?? null),
      survival_high: rounded(at.high ?? null),
      withheld,
    });
    if (withheld !== null) return [row({ day: null, at_risk: null, churned: null, survival: null })];
    const curve = kaplanMeier(band.rows);
    const start = row({ day: 0, at_risk: curve.n, churned: 0, survival: 1 });
    const steps = curve.points.map((point) => row({ ...point, day: point.time, churned: point.events }));
    const end = survivalAt(curve, question.window_days);
    if (!end || curve.points.at(-1)?.time === question.window_days) return [start, ...steps];
    return [start, ...steps, row({ ...end, day: question.window_days, churned: 0 })];
  });
}
