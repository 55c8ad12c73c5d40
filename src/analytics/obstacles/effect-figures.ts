import { type Interval, npsInterval, tInterval } from '../../stats/intervals.ts';
import { ratioEstimate } from '../../stats/jackknife.ts';
import { noContrast, type ShareContrast, shareContrast, shareFigure } from '../../stats/shares.ts';
import { withQ } from '../../stats/tests.ts';
import { meanContrast } from '../mean-contrast.ts';
import type { Question } from '../question.ts';
import { hasNps } from '../scores/comparisons.ts';
import {
  type Cell,
  type Measure,
  measures,
  type Period,
  periods,
  type Side,
  type SurveyEffect,
  sides,
} from './effect-sums.ts';

/** A figure with its 95% interval; null where it is not told. */
export interface Figure {
  value: number | null;
  low: number | null;
  high: number | null;
}

const nothing: Figure = { value: null, low: null, high: null };
const isShare = (measure: Measure) => measure === 'satisfied_rate' || measure === 'retention_rate';

/** Whether a side is hidden: too few people gave its responses of a period. */
export const isHiddenSide = ({ cells }: SurveyEffect, side: Side, { fewest_people }: Question) =>
  periods.some((period) => {
    const { people } = cells[side][period];
    return people > 0 && people < fewest_people;
  });

/** Whether a measure of a side in a period rests on enough responses and people, and the survey has it. */
export function isTold(
  effect: SurveyEffect,
  side: Side,
  period: Period,
  measure: Measure,
  question: Question,
): boolean {
  if (measure === 'nps' && !hasNps(effect.kind)) return false;
  const { n, people } = effect.cells[side][period].means[measure];
  return !isHiddenSide(effect, side, question) && n >= question.min_n && people >= question.fewest_people;
}

/** A measure with its interval, which allows for people who answered more than once. */
export function figureOf(
  effect: SurveyEffect,
  { side, period, measure }: { side: Side; period: Period; measure: Measure },
  question: Question,
): Figure {
  if (!isTold(effect, side, period, measure, question)) return nothing;
  const cell = effect.cells[side][period];
  const { n, people, mean, groups } = cell.means[measure];
  if (isShare(measure)) return shareFigure({ groups, people });
  const interval = n === people ? independent(cell, measure) : clustered(cell, measure);
  return { value: mean, low: interval?.low ?? null, high: interval?.high ?? null };
}

function independent(cell: Cell, measure: Measure): Interval | null {
  const { n, mean, variance } = cell.means[measure];
  const { promoters, detractors } = cell;
  if (measure === 'nps') return npsInterval({ promoters, passives: n - promoters - detractors, detractors });
  return variance === null ? null : tInterval(mean, Math.sqrt(variance / n), n - 1);
}

function clustered(cell: Cell, measure: Measure): Interval | null {
  const found = ratioEstimate(cell.means[measure].groups);
  return found && tInterval(found.estimate, found.standard_error, found.df);
}

export const contrasts = ['change', 'others_change', 'difference_in_differences'] as const;
export type ContrastName = (typeof contrasts)[number];

export interface EffectContrast extends ShareContrast {
  survey: string;
  measure: Measure;
  contrast: ContrastName;
  q: number | null;
}

/**
 * The changes of each measure from before to after: at the moment, at the others, and the first less the second. `q`
 * allows for all of them. Where something is not told, nothing is compared.
 */
export function compareEffects(effects: readonly SurveyEffect[], question: Question): EffectContrast[] {
  const found = effects.flatMap((effect) =>
    measures
      .filter((measure) => measure !== 'nps' || hasNps(effect.kind))
      .flatMap((measure) =>
        contrasts.map((contrast) => ({
          survey: effect.survey,
          measure,
          contrast,
          ...contrastOf(effect, measure, contrast, question),
        })),
      ),
  );
  return withQ(found);
}

function contrastOf(effect: SurveyEffect, measure: Measure, contrast: ContrastName, question: Question): ShareContrast {
  const { cells, everybody_once } = effect;
  const asked: readonly Side[] = contrast === 'change' ? ['moment'] : contrast === 'others_change' ? ['others'] : sides;
  if (!asked.every((side) => periods.every((period) => isTold(effect, side, period, measure, question))))
    return noContrast;
  const [only, ...more] = asked;
  if (only !== undefined && more.length === 0 && isShare(measure)) {
    const { before, after } = cells[only];
    return shareContrast(after.means[measure], before.means[measure], everybody_once);
  }
  const terms = asked.flatMap((side, place) =>
    periods.map((period) => ({
      weight: (period === 'after' ? 1 : -1) * (place === 0 ? 1 : -1),
      of: cells[side][period].means[measure],
    })),
  );
  return meanContrast(terms, everybody_once);
}
