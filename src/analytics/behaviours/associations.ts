import { type ClusteredPoint, clusteredSpearman, fewestClusters } from '../../stats/clustered-ranks.ts';
import { nps } from '../../stats/intervals.ts';
import { withQ } from '../../stats/tests.ts';
import { type AnswerRow, rounded, roundedP } from '../answer.ts';
import { hasNps } from '../scores/comparisons.ts';
import type { Scores } from '../scores/sums.ts';
import type { BehaviourQuestion, RatedMonth, RetainedMonth, Subject } from './read.ts';

export type Measure = 'nps' | 'mean_score' | 'retention_rate';

/** How the ratings of a subject go with a figure of a survey, over the units and months that have both. */
export interface Association extends Subject {
  survey: string;
  measure: Measure;
  /** Units and months that have both. */
  unit_months: number;
  units: number;
  spearman: number | null;
  low: number | null;
  high: number | null;
  p: number | null;
  q: number | null;
  withheld: string | null;
}

/** A figure of a survey by unit and month: greater is better. */
interface Figure {
  survey: string;
  measure: Measure;
  values: Map<string, number>;
}

const place = (unit: string | null, month: string | null) => JSON.stringify([unit, month]);

/** The scores of a survey by unit and month; where a low score is good it is turned round. */
function scoreFigures(scores: readonly Scores[], lowIsGood: ReadonlySet<string>): Figure[] {
  const found = new Map<string, Figure>();
  for (const { survey, kind, counts, sum, n, groups } of scores) {
    const [unit = null, month = null] = groups;
    if (unit === null) continue;
    const figure = found.get(survey) ?? {
      survey,
      measure: hasNps(kind) ? 'nps' : 'mean_score',
      values: new Map<string, number>(),
    };
    found.set(survey, figure);
    const mean = (lowIsGood.has(survey) ? -sum : sum) / n;
    figure.values.set(place(unit, month), hasNps(kind) ? (nps(counts) ?? mean) : mean);
  }
  return [...found.values()];
}

function retentionFigures(months: readonly RetainedMonth[]): Figure[] {
  const found = new Map<string, Figure>();
  for (const { survey, unit, month, responses, retained } of months) {
    const figure = found.get(survey) ?? { survey, measure: 'retention_rate', values: new Map<string, number>() };
    found.set(survey, figure);
    figure.values.set(place(unit, month), retained / responses);
  }
  return [...found.values()];
}

/** What ratings are held against, and how many observations have no figure of a kind in their unit and month. */
export interface Found {
  associations: Association[];
  without_score: number;
  without_retention: number;
}

/**
 * Holds the mean ratings by unit and month against the scores and the retention of responses given in the same unit and
 * month: every subject with every survey. Each unit-month counts once.
 */
export function associate(
  {
    rated,
    scores,
    retained,
    lowIsGood,
  }: {
    rated: readonly RatedMonth[];
    scores: readonly Scores[];
    retained: readonly RetainedMonth[];
    lowIsGood: ReadonlySet<string>;
  },
  question: BehaviourQuestion,
): Found {
  const [byScore, byRetention] = [scoreFigures(scores, lowIsGood), retentionFigures(retained)];
  const bySurvey = [...byScore, ...byRetention].sort((one, other) =>
    one.survey === other.survey ? 0 : one.survey < other.survey ? -1 : 1,
  );
  const subjects = new Map<string, RatedMonth[]>();
  for (const month of rated) {
    const key = JSON.stringify([month.family, month.behaviour]);
    const months = subjects.get(key) ?? [];
    subjects.set(key, months);
    months.push(month);
  }
  const found = [...subjects.values()].flatMap((months) =>
    bySurvey.map((figure) => associationOf(months, figure, question)),
  );
  const without = (figures: readonly Figure[]) =>
    rated
      .filter(({ unit, month }) => figures.every(({ values }) => !values.has(place(unit, month))))
      .reduce((sum, { observations }) => sum + observations, 0);
  return {
    associations: withQ(found),
    without_score: without(byScore),
    without_retention: without(byRetention),
  };
}

function associationOf(
  months: readonly RatedMonth[],
  { survey, measure, values }: Figure,
  { min_n }: BehaviourQuestion,
): Omit<Association, 'q'> {
  const points = months.flatMap(({ unit, month, sum, observations }): ClusteredPoint[] => {
    const y = values.get(place(unit, month));
    if (y === undefined) return [];
    return [{ x: sum / observations, y, cluster: unit }];
  });
  const [subject] = months;
  const counts = {
    family: subject?.family ?? null,
    behaviour: subject?.behaviour ?? null,
    survey,
    measure,
    unit_months: points.length,
    units: new Set(points.map(({ cluster }) => cluster)).size,
  };
  const none = { ...counts, spearman: null, low: null, high: null, p: null };
  if (points.length < min_n) return { ...none, withheld: `fewer than ${min_n} unit-months have both` };
  const result = clusteredSpearman(points);
  if (!result) return { ...none, withheld: untold(points) };
  const { rho, low, high, p } = result;
  return { ...counts, spearman: rho, low, high, p, withheld: p === null ? untested(counts.units) : null };
}

function untold(points: readonly ClusteredPoint[]): string {
  if (points.length < 3) return 'cannot be told: fewer than 3 unit-months';
  const same = points.every(({ x }) => x === points[0]?.x) ? 'ratings' : 'figures';
  return `cannot be told: all ${same} are the same`;
}

const untested = (units: number) =>
  units < fewestClusters
    ? `no interval: fewer than ${fewestClusters} units`
    : 'no interval: without one of the units the order is perfect, or one side all the same';

export const associationRow = (
  { family, behaviour, survey, measure, unit_months, units, ...told }: Association,
  name: string | null,
): AnswerRow => ({
  family,
  behaviour,
  name,
  survey,
  measure,
  unit_months,
  units,
  spearman: rounded(told.spearman),
  spearman_low: rounded(told.low),
  spearman_high: rounded(told.high),
  p: roundedP(told.p),
  q: roundedP(told.q),
  withheld: told.withheld,
});
