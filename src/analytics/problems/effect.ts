import type { Client, Database } from '../../db/pool.ts';
import { notFound } from '../../errors.ts';
import { matchBeforeAnswer } from '../../matching/match.ts';
import { noContrast, shareFigure, shareOf } from '../../stats/shares.ts';
import { type Answer, type AnswerRow, freshness, rounded, roundedP, usualWarnings, withheldReason } from '../answer.ts';
import { type AroundFix, aroundFix, shortened } from '../around-fix.ts';
import { prepareQuestion, type QuestionParameters, shownParameters } from '../question.ts';
import { scoped } from '../words.ts';
import { effectSentence } from './effect-sentence.ts';
import { compareEffect, type EffectSums, readEffect } from './effect-sums.ts';
import { matchingWarnings } from './waiting.ts';

const definition = {
  id: 'problem_effect',
  version: 1,
  text: 'share = responses with the problem / all responses, in the days before the fix and in as many days from the fix on. others_share = the mean of the same shares of the other problems: those that are not archived and were not fixed within the two periods themselves. difference_in_differences = (share after - share before) - (others_share after - others_share before): the change that the other problems did not go through too. It is the difference of the means of y = (1 if the response has the problem, else 0) - (how many of the k others it has) / k, so its interval is that of a difference of two means.',
};

interface EffectParameters extends QuestionParameters {
  key: string;
  fixed_at?: string;
  days?: number;
}

interface Fix extends AroundFix {
  key: string;
  name: string;
}

/** What became of a problem after it was fixed, against the other problems at the same time. */
export async function problemEffect(
  db: Database,
  given: EffectParameters,
  reader: { personal: boolean },
): Promise<Answer> {
  const problem = await db.read((client) => getProblem(client, given.key));
  const question = await prepareQuestion(db, given, reader);
  const waiting = await matchBeforeAnswer(db);
  const asked = given.days ?? 90;
  const { fix, sums } = await db.read(
    async (client) => {
      const around = await aroundFix(client, question, {
        given: given.fixed_at,
        recorded: problem.resolved_at,
        days: asked,
        missing: `The problem '${given.key}' is not resolved, so there is no fix whose effect could be measured. Give fixed_at, or resolve it: PATCH /v1/problems/${given.key} with {"status":"resolved"}.`,
      });
      return { fix: { ...problem, ...around }, sums: await readEffect(client, question, given.key, around) };
    },
    { snapshot: true },
  );
  const isSmall = (people: number) => people > 0 && people < question.fewest_people;
  const isHidden = isSmall(sums.before.people_with) || isSmall(sums.after.people_with);
  const withheld = (period: EffectSums['before']) => withheldReason(period.n, isHidden, question);
  const isTold = withheld(sums.before) === null && withheld(sums.after) === null;
  const contrasts = compareEffect(sums, isTold);
  const data = (['before', 'after'] as const).map((name) => rowOf(name, fix, sums, isHidden, withheld(sums[name])));
  const { fresh, warnings } = freshness(question, question.responses_through);
  const {
    group_by: _,
    from: __,
    to: ___,
    ...parameters
  } = shownParameters(question, {
    key: fix.key,
    fixed_at: fix.fixed_at.toISOString(),
    days: fix.days,
    others: sums.others,
  });
  return {
    question: 'analytics/problems/effect',
    reads_as: scoped(effectSentence(fix, sums, contrasts, isHidden), { ...question, from: null, to: null }),
    definition,
    parameters,
    data,
    comparisons: Object.entries(contrasts).map(([measure, contrast]) => {
      const { difference, low, high, p } = contrast ?? noContrast;
      return {
        measure,
        against: 'before',
        difference: rounded(difference),
        difference_low: rounded(low),
        difference_high: rounded(high),
        p: roundedP(p),
      };
    }),
    left_out: [],
    fresh: { ...fresh, pending: fresh.pending + waiting.responses },
    method: sums.everybody_once
      ? 'everybody counts once: shares by Wilson, their difference by Newcombe, differences of means by Welch'
      : 'delete-a-group jackknife over 32 groups of customers; shares by Wilson with n divided by the design effect, their differences by MOVER from these limits',
    warnings: [
      ...warnings,
      ...matchingWarnings(waiting),
      ...shortened(fix, asked),
      ...(sums.others.length === 0
        ? ['There is no other problem to compare with, so what else changed at the time is not taken into account.']
        : []),
      ...usualWarnings(data, 0),
    ],
  };
}

async function getProblem(
  client: Client,
  key: string,
): Promise<{ key: string; name: string; resolved_at: Date | null }> {
  const [found] = await client.rows<{ key: string; name: string; resolved_at: Date | null }>(
    'select key, name, resolved_at from problems where key = $1 and archived_at is null',
    [key],
  );
  if (!found) throw notFound('problem', key);
  return found;
}

function rowOf(
  name: 'before' | 'after',
  { from, fixed_at, to }: Fix,
  sums: EffectSums,
  isHidden: boolean,
  withheld: string | null,
): AnswerRow {
  const period = sums[name];
  const share = withheld === null ? shareFigure(period.share) : { value: null, low: null, high: null };
  const k = sums.others.length;
  return {
    period: name,
    from: (name === 'before' ? from : fixed_at).toISOString(),
    to: (name === 'before' ? fixed_at : to).toISOString(),
    responses: period.n,
    with_problem: isHidden ? null : shareOf(period.share).successes,
    share: rounded(share.value),
    share_low: rounded(share.low),
    share_high: rounded(share.high),
    others_share: withheld === null && k > 0 ? rounded(period.others.mean / k) : null,
    withheld,
  };
}
