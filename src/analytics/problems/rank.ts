import { noContrast, type ShareContrast, type ShareFigure, shareContrast, shareFigure } from '../../stats/shares.ts';
import { benjaminiHochberg } from '../../stats/tests.ts';
import { withheldReason } from '../answer.ts';
import type { Question } from '../question.ts';
import { everything, noSums, ratios, type Sums, type SumsByTopic, type Topic, topicText, total } from './topics.ts';
import type { Trend } from './trend.ts';

/** What is told of one problem, or theme. */
export interface Ranked {
  topic: Topic;
  sums: readonly Sums[];
  isHidden: boolean;
  withheld: string | null;
  churn_withheld: string | null;
  share: ShareFigure;
  detractor_rate: ShareFigure;
  churn_rate: ShareFigure;
  churn_rate_without: ShareFigure;
  lift: ShareContrast;
  q: number | null;
  revenue_at_stake: number | null;
  cost: number | null;
  rank: number | null;
  trend: Trend | undefined;
}

/**
 * Works out the figures of each topic and puts the topics in order: by cost (unknown or below 0 counts as 0), then by the
 * number of responses; topics of too few people come last, without a rank.
 * @param trends - those of the topics, in their order; none where nothing was answered yet
 */
export function rank(
  topics: readonly Topic[],
  sums: SumsByTopic,
  trends: readonly Trend[],
  question: Question,
): Ranked[] {
  const all = sums.get(everything) ?? noSums();
  const found = topics.map(
    (topic, at): Ranked => ({
      topic,
      trend: trends[at],
      ...figuresOf(sums.get(topicText(topic.kind, topic.key)) ?? noSums(), all, question),
    }),
  );
  const qs = benjaminiHochberg(found.map(({ lift }) => lift.p));
  const sorted = found.map((one, at) => ({ ...one, q: qs[at] ?? null })).sort(inOrder);
  // Who ties shares a rank, and the next one counts them all: 1, 2, 2, 4.
  for (const [at, one] of sorted.entries()) {
    const before = sorted[at - 1];
    if (!one.isHidden) one.rank = before && byCost(before, one) === 0 ? before.rank : at + 1;
  }
  return sorted;
}

function byCost(one: Ranked, other: Ranked): number {
  if (one.isHidden !== other.isHidden) return one.isHidden ? 1 : -1;
  // What is hidden tells nothing by its place either.
  if (one.isHidden) return 0;
  const costOf = ({ cost }: Ranked) => Math.max(0, cost ?? 0);
  return costOf(other) - costOf(one) || total(other.sums, 'responses') - total(one.sums, 'responses');
}

const inOrder = (one: Ranked, other: Ranked) =>
  byCost(one, other) || (nameOf(one.topic) < nameOf(other.topic) ? -1 : 1);
const nameOf = ({ kind, key }: Topic) => topicText(kind, key);

const unknown: ShareFigure = { value: null, low: null, high: null };

function figuresOf(sums: readonly Sums[], all: readonly Sums[], question: Question): Omit<Ranked, 'topic' | 'trend'> {
  const responses = total(sums, 'responses');
  const isHidden = isFew(total(sums, 'people'), question);
  const withheld = responses === 0 ? null : withheldReason(responses, isHidden, question);
  const share = { groups: ratios(sumsOf(sums, 'responses'), sumsOf(all, 'responses')), people: total(all, 'people') };
  const detractors = {
    groups: ratios(sumsOf(sums, 'detractors'), sumsOf(sums, 'responses')),
    people: total(sums, 'people'),
  };
  const churn = churnOf(sums, all, isHidden, question);
  const revenue_at_stake = isHidden || question.state.revenue_through === null ? null : total(sums, 'revenue');
  return {
    sums,
    isHidden,
    withheld,
    share: !isHidden && total(all, 'responses') >= question.min_n ? shareFigure(share) : unknown,
    detractor_rate: withheld === null ? shareFigure(detractors) : unknown,
    ...churn,
    q: null,
    revenue_at_stake,
    cost: revenue_at_stake === null || churn.lift.difference === null ? null : revenue_at_stake * churn.lift.difference,
    rank: null,
  };
}

/** The churn after index responses with a topic, and after those without it. */
function churnOf(sums: readonly Sums[], all: readonly Sums[], isHidden: boolean, question: Question) {
  const everybodyOnce = total(all, 'counted') === total(all, 'counted_people');
  const without = all.map((group, at) => ({
    numerator: group.churned - (sums[at]?.churned ?? 0),
    denominator: group.counted - (sums[at]?.counted ?? 0),
  }));
  const people = total(sums, 'counted_people');
  // Who answers both with it and without it is on both sides, so the others are only the fewest there can be.
  const others = Math.max(
    total(all, 'counted_people') - people,
    without.filter(({ denominator }) => denominator > 0).length,
  );
  const churn_withheld =
    withheldReason(total(sums, 'counted'), isHidden || isFew(people, question) || isFew(others, question), question) ??
    withoutReason(total(all, 'counted') - total(sums, 'counted'), question);
  if (churn_withheld !== null)
    return { churn_withheld, churn_rate: unknown, churn_rate_without: unknown, lift: noContrast };
  const first = { groups: ratios(sumsOf(sums, 'churned'), sumsOf(sums, 'counted')), people };
  const second = { groups: without, people: others };
  return {
    churn_withheld,
    churn_rate: shareFigure(first),
    churn_rate_without: shareFigure(second),
    lift: shareContrast(first, second, everybodyOnce),
  };
}

const isFew = (people: number, { fewest_people }: Question) => people > 0 && people < fewest_people;
const sumsOf = (sums: readonly Sums[], name: keyof Sums) => sums.map((group) => group[name]);
const withoutReason = (n: number, { min_n }: Question): string | null =>
  n >= min_n ? null : `fewer than ${min_n} responses without it`;
