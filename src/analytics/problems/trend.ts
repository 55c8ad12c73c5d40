import type { Client } from '../../db/pool.ts';
import { completeThrough, readState } from '../../outcomes/collect.ts';
import { noContrast, type ShareContrast, shareContrast, shareFigure, shareOf } from '../../stats/shares.ts';
import { withQ } from '../../stats/tests.ts';
import { justAfter } from '../around-fix.ts';
import type { Question } from '../question.ts';
import { everything, noPeriods, ratios, readPeriods, readProblems, type Topic, topicText } from './topics.ts';

const dayMs = 86_400_000;
const fewestPeople = 5;
/** As few responses in a period as a rise is told of. */
const fewestResponses = 10;

/** The share of all responses that a topic has in the last days, against as many days before. */
export interface Trend extends ShareContrast {
  topic: Topic;
  recent: number | null;
  share_recent: number | null;
  share_before: number | null;
  q: number | null;
  /** Whether the share rose by more than chance explains, allowing for all trends of the answer. */
  rising: boolean;
}

/** Rising: the difference is above zero and its q below this. */
const surprising = 0.05;

/**
 * How the share of each topic changed: [to - days, to) against [to - 2 days, to - days). Topics of too few people are
 * told nothing of, and nothing is compared where a period has fewer responses than `min_n`.
 */
export async function readTrends(
  client: Client,
  question: Question,
  { to, days, topics }: { to: Date; days: number; topics: readonly Topic[] },
): Promise<Trend[]> {
  const bound = (at: number) => ({ at: new Date(at).toISOString(), month: null });
  const middle = new Date(to.getTime() - days * dayMs);
  const periods = { from: bound(to.getTime() - 2 * days * dayMs), to: bound(to.getTime()) };
  const { counts, everybody_once } = await readPeriods(client, { ...question, ...periods }, middle, topics);
  const all = counts.get(everything) ?? noPeriods();
  const isSmall = (people: number) => people > 0 && people < question.fewest_people;
  const found = topics.map((topic) => {
    const held = counts.get(topicText(topic.kind, topic.key)) ?? noPeriods();
    const recent = { groups: ratios(held.recent, all.recent), people: all.recent_people };
    const before = { groups: ratios(held.before, all.before), people: all.before_people };
    const isHidden = isSmall(held.recent_people) || isSmall(held.before_people);
    const isCompared = !isHidden && Math.min(shareOf(recent).n, shareOf(before).n) >= question.min_n;
    return {
      topic,
      recent: isHidden ? null : shareOf(recent).successes,
      share_recent: isHidden ? null : shareFigure(recent).value,
      share_before: isHidden ? null : shareFigure(before).value,
      ...(isCompared ? shareContrast(recent, before, everybody_once) : noContrast),
    };
  });
  return withQ(found).map((trend) => ({
    ...trend,
    rising: trend.q !== null && trend.q < surprising && (trend.difference ?? 0) > 0,
  }));
}

/**
 * The problems that rise, over all surveys: those whose share of the responses of the last `days` is higher than in as
 * many days before by more than chance explains. Refreshes nothing; never tells of a problem of fewer than five people.
 */
export async function risingProblems(client: Client, days = 90): Promise<Trend[]> {
  const state = await readState(client);
  const through = (await completeThrough(client)).get('responses');
  if (!through) return [];
  const question: Question = {
    survey: null,
    filters: {},
    group_by: [],
    from: null,
    to: null,
    as_of: null,
    window_days: Math.min(...state.windows_days),
    min_n: fewestResponses,
    state,
    responses_through: through,
    pending: 0,
    outdated: false,
    fewest_people: fewestPeople,
  };
  const topics = await readProblems(client);
  const trends = await readTrends(client, question, { to: justAfter(through), days, topics });
  return trends.filter(({ rising }) => rising);
}
