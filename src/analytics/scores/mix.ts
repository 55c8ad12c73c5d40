import type { Client, Database } from '../../db/pool.ts';
import { type Answer, freshness, qMethod, testsIn, usualWarnings } from '../answer.ts';
import { readPeriodBefore, type Span, spanOf } from '../period-before.ts';
import { prepareQuestion, type Question, type QuestionParameters, shownParameters } from '../question.ts';
import { scoped } from '../words.ts';
import { clusteredMethod, withAnswerers } from './customers.ts';
import { effectsOf } from './mix-effects.ts';
import { findMix, type Period } from './mix-groups.ts';
import { mixSentence } from './mix-sentence.ts';
import { readPeople, readScores } from './sums.ts';

const definition = {
  id: 'mix',
  version: 1,
  text: 'The change of a score between two periods, split exactly: mix effect = sum over the groups of (share - share_before) x (mean of the two scores - mean of the two whole scores), score effect = sum of (mean of the two shares) x (score - score_before). A group that has responses in one period only cannot have changed inside, so all of it is mix. The score is the NPS; of a CSAT or CES the share of satisfied responses. All responses count, also anonymous ones.',
};

/** By what the responses can be divided: each response is in exactly one group. */
export const mixDimensions = ['segment', 'region', 'unit', 'channel', 'moment'] as const;

interface MixParameters extends QuestionParameters {
  survey: string;
  by: (typeof mixDimensions)[number];
  from: string;
  to: string;
  before_from?: string;
  before_to?: string;
}

/** Did the score move, or did the mix? */
export async function mix(db: Database, given: MixParameters, reader: { personal: boolean }): Promise<Answer> {
  const question = await prepareQuestion(db, { ...given, group_by: given.by }, reader);
  const now = spanOf(question);
  const { before, periods } = await db.read(
    async (client) => {
      const before = await readPeriodBefore(client, question.state.time_zone, now, given);
      return {
        before,
        periods: { before: await readPeriod(client, question, before), now: await readPeriod(client, question, now) },
      };
    },
    { snapshot: true },
  );
  const found = findMix(question, given.survey, before, periods);
  const comparisons = effectsOf(found);
  const tests = testsIn(comparisons);
  const { fresh, warnings } = freshness(question, question.responses_through);
  return {
    question: 'analytics/mix',
    reads_as: scoped(mixSentence(found, comparisons), { ...question, from: null, to: null }),
    definition,
    parameters: {
      ...shownParameters(question, { before_from: before.from.at, before_to: before.to.at }),
      by: given.by,
    },
    data: found.rows,
    comparisons,
    left_out: [],
    fresh,
    method: `exact decomposition of Kitagawa (1955); errors by the delta method; differences of scores by the z test (NPS) and Newcombe (shares); ${clusteredMethod([...periods.before.groups, ...periods.now.groups])}${qMethod(tests)}`,
    warnings: [...warnings, ...usualWarnings(found.rows, tests)],
  };
}

async function readPeriod(client: Client, question: Question, span: Span): Promise<Period> {
  const asked = { ...question, ...span };
  const people = await readPeople(client, { ...asked, group_by: [] });
  return {
    groups: await withAnswerers(client, asked, await readScores(client, asked)),
    people: await readPeople(client, asked),
    wholePeople: [...people.values()][0],
  };
}
