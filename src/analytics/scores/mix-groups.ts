import { nps } from '../../stats/intervals.ts';
import { type MixChange, mixChange } from '../../stats/mix.ts';
import { shareDifference } from '../../stats/shares.ts';
import { npsDifference } from '../../stats/tests.ts';
import { type AnswerRow, groupColumns, rounded, withheldReason } from '../answer.ts';
import type { Span } from '../period-before.ts';
import type { Question } from '../question.ts';
import { hiddenRows } from '../small-groups.ts';
import { byGroup, type GroupKey } from '../sums.ts';
import { hasNps, together } from './comparisons.ts';
import { independent, weightOf } from './customers.ts';
import { keyText, type Scores } from './sums.ts';

/** A group in both periods; undefined in the one that it has no response in. */
interface MixGroup extends GroupKey {
  before: Scores | undefined;
  now: Scores | undefined;
}

/** What one question about the mix found. */
export interface MixFound {
  survey: string;
  isNps: boolean;
  question: Question;
  before: Span;
  /** The whole score of each period. */
  whole: { before: Scores | undefined; now: Scores | undefined };
  change: MixChange | null;
  /** Why the whole is not told; null where it is. */
  withheld: string | null;
  rows: AnswerRow[];
}

/** The scores of a period, and at least how many people stand behind them, where that is asked. */
export interface Period {
  groups: Scores[];
  people: Map<string, number>;
  wholePeople: number | undefined;
}

/** Puts two periods side by side, and splits the change between them. */
export function findMix(
  question: Question,
  survey: string,
  before: Span,
  periods: { before: Period; now: Period },
): MixFound {
  const all = new Map<string, MixGroup>();
  for (const name of ['before', 'now'] as const)
    for (const group of periods[name].groups) {
      const key = keyText(group);
      const known = all.get(key) ?? { survey, groups: group.groups, before: undefined, now: undefined };
      all.set(key, { ...known, [name]: group });
    }
  const groups = [...all.values()].sort(byGroup);
  const whole = { before: total(periods.before.groups), now: total(periods.now.groups) };
  const isNps = hasNps((whole.now ?? whole.before)?.kind ?? 'nps');
  const counting = {
    before: whole.before ? weightOf(whole.before) : 1,
    now: whole.now ? weightOf(whole.now) : 1,
  };
  const change = mixChange(
    // As many as count as independent: what a segment has of its period stays as it is, and the errors allow for it.
    groups.map(({ before: one, now }) => ({
      n_before: (one?.n ?? 0) * counting.before,
      score_before: scoreOf(one),
      variance_before: varianceOf(one),
      n_after: (now?.n ?? 0) * counting.now,
      score_after: scoreOf(now),
      variance_after: varianceOf(now),
    })),
  );
  const hidden = hiddenGroups(groups, periods, question);
  const fewPeople = (['before', 'now'] as const).some((name) => {
    const n = whole[name]?.n ?? 0;
    return n > 0 && Math.min(n, periods[name].wholePeople ?? n) < question.fewest_people;
  });
  const fewest = Math.min(whole.before?.n ?? 0, whole.now?.n ?? 0);
  const withheld = withheldReason(fewest, fewPeople, question);
  const rows = groups.map((group, at) =>
    rowOf(group, { whole, change, at, isNps, question, isHidden: hidden.has(group) }),
  );
  return { survey, isNps, question, before, whole, change, withheld, rows };
}

/** Each period is a table of its own: a group that is hidden in one is hidden in both. */
function hiddenGroups(groups: MixGroup[], periods: { before: Period; now: Period }, { fewest_people }: Question) {
  return hiddenRows(
    groups.flatMap((row) =>
      (['before', 'now'] as const).map((name) => {
        const n = row[name]?.n ?? 0;
        return { row, people: Math.min(n, periods[name].people.get(keyText(row)) ?? n), lines: [name] };
      }),
    ),
    fewest_people,
  );
}

const total = (groups: Scores[]): Scores | undefined => (groups.length === 0 ? undefined : groups.reduce(together));

/** In points for an NPS, a share for the others. */
export function scoreOf(scores: Scores | undefined): number | null {
  if (!scores) return null;
  return hasNps(scores.kind) ? nps(scores.counts) : scores.satisfied / scores.n;
}

/** Of what one response adds to the score. */
function varianceOf(scores: Scores | undefined): number | null {
  if (!scores) return null;
  const { kind, counts, n, satisfied } = scores;
  if (!hasNps(kind)) return (satisfied / n) * (1 - satisfied / n);
  const [p, d] = [counts.promoters / n, counts.detractors / n];
  return 100 ** 2 * (p + d - (p - d) ** 2);
}

function differenceOf(now: Scores | undefined, before: Scores | undefined) {
  if (!now || !before) return null;
  return hasNps(now.kind)
    ? npsDifference(independent(now).counts, independent(before).counts)
    : shareDifference(independent(now).satisfied, independent(before).satisfied);
}

function rowOf(
  group: MixGroup,
  {
    whole,
    change,
    at,
    isNps,
    question,
    isHidden,
  }: Pick<MixFound, 'whole' | 'change' | 'isNps' | 'question'> & { at: number; isHidden: boolean },
): AnswerRow {
  const { before, now } = group;
  // In a period without a response there is nothing to tell, and nothing to withhold.
  const least = Math.min(...[before, now].flatMap((one) => (one ? [one.n] : [])));
  const withheld = withheldReason(least, isHidden, question);
  const told = withheld === null;
  const share = (of: 'before' | 'now') => {
    const n = whole[of]?.n ?? 0;
    return told && n > 0 ? rounded((group[of]?.n ?? 0) / n) : null;
  };
  const difference = told ? differenceOf(now, before) : null;
  const effects = told ? change?.segments[at] : undefined;
  return {
    ...groupColumns(group, question),
    measure: isNps ? 'nps' : 'satisfied_rate',
    responses_before: isHidden ? null : (before?.n ?? 0),
    responses: isHidden ? null : (now?.n ?? 0),
    share_before: share('before'),
    share: share('now'),
    score_before: told ? rounded(scoreOf(before)) : null,
    score: told ? rounded(scoreOf(now)) : null,
    score_change: rounded(difference?.difference ?? null),
    score_change_low: rounded(difference?.low ?? null),
    score_change_high: rounded(difference?.high ?? null),
    mix_effect: rounded(effects?.mix ?? null),
    score_effect: rounded(effects?.within ?? null),
    withheld,
  };
}
