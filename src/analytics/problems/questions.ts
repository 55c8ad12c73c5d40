import { Type } from 'typebox';
import { Key, nullable } from '../../http/schemas.ts';
import { aroundFixQuery } from '../around-fix.ts';
import { type DeclaredQuestion, declareQuestion } from '../declare.ts';
import { count, figure, number, questionQuery, text, window, withheld, word } from '../schemas.ts';
import { problemEffect } from './effect.ts';
import { rankProblems } from './ranking.ts';

const kind = Type.Enum(['problem', 'theme'], {
  description: '`problem`: one of /v1/problems. `theme`: a theme of responses that no problem names.',
});

/** A row of the ranking. */
const rankingRow = Type.Object(
  {
    kind,
    key: word('The key of the problem, or the theme.'),
    name: word('The name of the problem, or the theme.'),
    status: nullable(Type.String({ description: 'The status of the problem.' })),
    rank: count('By cost, then by the number of responses; who ties shares a rank.'),
    responses: count('Responses with it, also anonymous ones.'),
    customers: count('Customers who gave them.'),
    ...figure('share', 'Their share of all responses.'),
    detractors: count('Responses with it in the band.'),
    ...figure('detractor_rate', 'Their share of the responses with it.'),
    revenue_at_stake: number('Net revenue of its customers in the 365 days that end with `revenue_through`.'),
    churn_n: count('Index responses with it whose window has elapsed.'),
    churned: count('Of these, how many were followed by the loss of the customer.'),
    ...figure('churn_rate', 'Their share.'),
    churn_rate_without: number('The same share of the index responses without it.'),
    ...figure('churn_lift', 'churn_rate less churn_rate_without.'),
    churn_p: number('Two-sided p of the churn lift.'),
    churn_q: number('The same, allowing for all rows that were tested (Benjamini-Hochberg).'),
    cost: number('revenue_at_stake x churn_lift: what it may cost if the association were causal. For ranking.'),
    recent: count('Responses with it in the last `trend_days`.'),
    share_recent: number('Their share of the responses of these days.'),
    share_before: number('The same in as many days before.'),
    ...figure('share_change', 'The first less the second.'),
    rising_q: number('q of the change, over all rows whose change was tested.'),
    rising: Type.Boolean({ description: 'The share rose by more than chance explains: rising_q is below 0.05.' }),
    ...withheld,
    churn_withheld: nullable(Type.String({ description: 'Why the figures of churn are null.' })),
  },
  { $id: 'ProblemRankingRow', additionalProperties: false },
);

const rankingComparison = Type.Object(
  {
    kind,
    key: word('The key of the problem, or the theme.'),
    measure: Type.Enum(['churn_rate', 'share']),
    against: word('What it is compared with.'),
    ...figure('difference', 'The first minus the second.'),
    p: number('Two-sided.'),
    q: number('The same, allowing for all comparisons of this measure (Benjamini-Hochberg).'),
    tests: count('How many comparisons of this measure were made.'),
  },
  { $id: 'ProblemRankingComparison', additionalProperties: false },
);

const effectRow = Type.Object(
  {
    period: Type.Enum(['before', 'after']),
    from: word('Where the period begins.'),
    to: word('Where it ends; the moment itself is not part of it.'),
    responses: count('All responses of the period.'),
    with_problem: count('Responses with the problem.'),
    ...figure('share', 'Their share.'),
    others_share: number('The mean share of the other problems.'),
    ...withheld,
  },
  { $id: 'ProblemEffectRow', additionalProperties: false },
);

const effectComparison = Type.Object(
  {
    measure: Type.Enum(['share', 'others_share', 'difference_in_differences']),
    against: word('The period that it is compared with.'),
    ...figure('difference', 'After minus before.'),
    p: number('Two-sided.'),
  },
  { $id: 'ProblemEffectComparison', additionalProperties: false },
);

const { group_by: _, theme: __, as_of: ___, ...rankingQuery } = questionQuery;
const { from: ____, to: _____, ...effectQuery } = rankingQuery;
const costs = 'Reads every response that is asked about: at a million of them that takes seconds.';

/** What plagues customers, and whether fixing it helped. */
export const problemQuestions: readonly DeclaredQuestion[] = [
  declareQuestion({
    path: '/v1/analytics/problems',
    operationId: 'getProblemRanking',
    summary: 'Which problems to fix first: what they cost, and which ones rise',
    description: `Problems are ranked by the revenue at stake times how many more customers leave after them, with q for testing many at once. Themes that no problem names stand beside them. ${costs}`,
    tag: 'Problems',
    query: {
      ...rankingQuery,
      ...window,
      survey: text('Only this survey. Without it, responses to all.'),
      trend_days: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 1825,
          default: 90,
          description:
            'How long each of the two periods of the trend is. The later one ends with `to`, or with the data.',
        }),
      ),
      unnamed_themes: Type.Optional(
        Type.Boolean({ default: true, description: 'Also the 20 most frequent themes that no problem names.' }),
      ),
    },
    row: rankingRow,
    comparison: rankingComparison,
    answer: rankProblems,
  }),
  declareQuestion({
    path: '/v1/analytics/problems/:key/effect',
    operationId: 'getProblemEffect',
    summary: 'What became of a problem after it was fixed',
    description: `Its share of the responses before and after the fix, in periods of equal length, against the other problems in the same periods. ${costs}`,
    tag: 'Problems',
    params: { key: Key },
    query: {
      ...effectQuery,
      survey: text('Only this survey. Without it, responses to all.'),
      ...aroundFixQuery('resolved_at of the problem'),
    },
    row: effectRow,
    comparison: effectComparison,
    answer: problemEffect,
  }),
];
