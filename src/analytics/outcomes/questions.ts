import { type TSchema, Type } from 'typebox';
import { type Band, bands } from '../../outcomes/cells.ts';
import { type DeclaredQuestion, declareQuestion } from '../declare.ts';
import { count, figure, groups, number, questionQuery, window, withheld } from '../schemas.ts';
import { answerOutcome } from './answer.ts';
import { invitedBands, landmarkDays } from './invited.ts';
import { type OutcomeKind, referralsKind, retentionKind, revenueKind } from './measures.ts';
import { answerNonRespondents } from './non-respondents.ts';
import { usualSeed } from './statistics.ts';
import { outcomesSummary } from './summary.ts';
import { validity } from './validity.ts';
import { whatIf } from './what-if.ts';

const band = { band: Type.Enum([...bands]) };

const measuresOf = ({ measures }: OutcomeKind): Record<string, TSchema> =>
  Object.assign({}, ...measures.map(({ name, description }) => figure(name, description)));

/** A row of one of the three outcome questions. */
const outcomeRow = (kind: OutcomeKind, name: string) =>
  Type.Object(
    {
      ...groups,
      ...(kind === retentionKind
        ? {
            band: Type.Enum([...invitedBands], {
              description: '`non_respondent` with nonrespondents: invited, and not answered up to the landmark.',
            }),
            responses: count(
              'Index responses whose window has elapsed; with nonrespondents index invitations, answered or not.',
            ),
          }
        : { ...band, responses: count('Index responses whose window has elapsed.') }),
      customers: count(
        'Different customers among them; null where only sums were read (more than 20,000 responses, or very many kept).',
      ),
      ...measuresOf(kind),
      ...(kind === revenueKind
        ? figure('revenue_after_median', 'Median net revenue in the window after; told with statistics=median.')
        : {}),
      ...Object.fromEntries(Object.keys(kind.totals).map((total) => [total, number('The total.')])),
      ...withheld,
    },
    { $id: name, additionalProperties: false },
  );

/** A row of the summary. */
const summaryRow = Type.Object(
  {
    ...groups,
    ...band,
    ...Object.assign(
      {},
      ...[revenueKind, referralsKind, retentionKind].map((kind) => ({
        [`${kind.outcome}_n`]: count(`Responses whose ${kind.outcome} counts.`),
        ...measuresOf(kind),
        [`${kind.outcome}_withheld`]: withheld.withheld,
      })),
    ),
  },
  { $id: 'SummaryRow', additionalProperties: false },
);

const bandOf = (description: string, usual: Band) =>
  Type.Optional(Type.Enum([...bands], { default: usual, description }));

/** A row of the what-if question: one outcome of a group. */
const whatIfRow = Type.Object(
  {
    ...groups,
    measure: Type.Enum(['revenue_after', 'referrals_after', 'retention_rate'], { description: 'What would change.' }),
    ...{ from_band: band.band, to_band: band.band },
    from_n: count('Responses of the one band whose window has elapsed.'),
    to_n: count('The same of the other.'),
    moved: number('How many of them would move: the share of from_n.'),
    ...figure('effect', 'Moved x the difference of the means: revenue, referrals, or customers who stay.'),
    ...withheld,
  },
  { $id: 'WhatIfRow', additionalProperties: false },
);

/** A row of the validity question: one outcome of a group. */
const validityRow = Type.Object(
  {
    ...groups,
    outcome: Type.Enum(['revenue_after', 'referrals_after', 'referred', 'retained'], {
      description: 'What the score is held against.',
    }),
    responses: count('Index responses whose outcome counts.'),
    customers: count('Different customers among them.'),
    did: count('How many of them referred somebody, or were retained; null for an amount.'),
    did_not: count('How many did not.'),
    ...figure('spearman', 'Rank correlation of the score with an amount: 0 is no association.'),
    ...figure(
      'auc',
      'Share of pairs, one who did and one who did not, in which the one who did had the higher score: 0.5 is no association.',
    ),
    p: number('Two-sided, of no association.'),
    q: number('The same, allowing for all tests of this answer (Benjamini-Hochberg).'),
    ...withheld,
  },
  { $id: 'ValidityRow', additionalProperties: false },
);

const outcomeQuestion = (kind: OutcomeKind, summary: string, name: string) =>
  declareQuestion({
    path: `/v1/outcomes/${kind.outcome}`,
    operationId: `get${name}`,
    summary,
    description: kind.definition.text,
    tag: 'Outcomes',
    query: { ...questionQuery, ...window },
    row: outcomeRow(kind, `${name}Row`),
    answer: (db, given, reader) => answerOutcome(db, given, reader, kind),
  });

/** What feedback is worth. */
export const outcomeQuestions: readonly DeclaredQuestion[] = [
  declareQuestion({
    path: '/v1/outcomes/revenue',
    operationId: 'getRevenue',
    summary: 'What detractors, passives and promoters spend',
    description: `${revenueKind.definition.text} Beside the raw differences stands revenue_after_standardised: the one that both bands would have with the same mix of segments. statistics=median reads up to 200,000 responses, statistics=bootstrap up to 20,000.`,
    tag: 'Outcomes',
    query: {
      ...questionQuery,
      ...window,
      statistics: Type.Optional(
        Type.Enum(['mean', 'median', 'bootstrap'], {
          default: 'mean',
          description:
            '`median`: the median of revenue_after beside the mean. `bootstrap`: limits and p of the differences by resampling customers.',
        }),
      ),
      seed: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 2_147_483_647,
          default: usualSeed,
          description: 'Of the bootstrap: the same seed gives the same numbers.',
        }),
      ),
    },
    row: outcomeRow(revenueKind, 'RevenueRow'),
    answer: (db, given, reader) => answerOutcome(db, given, reader, revenueKind),
  }),
  outcomeQuestion(referralsKind, 'How many customers they bring', 'Referrals'),
  declareQuestion({
    path: '/v1/outcomes/retention',
    operationId: 'getRetention',
    summary: 'How many of them stay',
    description: `${retentionKind.definition.text} With nonrespondents=true everybody who was invited is followed from ${landmarkDays} days after the invitation, and who had not answered by then is a fourth class; that reads every invitation, which takes seconds for a million of them, and from and to are about when it was sent.`,
    tag: 'Outcomes',
    query: {
      ...questionQuery,
      ...window,
      nonrespondents: Type.Optional(
        Type.Boolean({
          default: false,
          description: 'Beside the bands those who were invited and did not answer, all from the same landmark.',
        }),
      ),
    },
    row: outcomeRow(retentionKind, 'RetentionRow'),
    answer: (db, { nonrespondents, ...given }, reader) =>
      nonrespondents ? answerNonRespondents(db, given, reader) : answerOutcome(db, given, reader, retentionKind),
  }),
  declareQuestion({
    path: '/v1/outcomes/summary',
    operationId: 'getOutcomesSummary',
    summary: 'What feedback is worth: revenue, referrals and retention by band',
    description: 'The three outcome questions in one, with the finding in plain words.',
    tag: 'Outcomes',
    query: { ...questionQuery, ...window },
    row: summaryRow,
    answer: outcomesSummary,
  }),
  declareQuestion({
    path: '/v1/outcomes/validity',
    operationId: 'getValidity',
    summary: 'Whether the score predicts revenue, referrals and retention at all',
    description:
      'Rank correlation of the score with revenue and referrals, and the area under the ROC curve for having referred and for being retained. Ranks every response of the question, which takes seconds for a million of them.',
    tag: 'Outcomes',
    query: { ...questionQuery, ...window },
    row: validityRow,
    answer: validity,
  }),
  declareQuestion({
    path: '/v1/outcomes/what-if',
    operationId: 'getWhatIf',
    summary: 'What moving some detractors to passives would go with',
    description:
      'The difference between two bands times the responses that would move, for revenue, referrals and retention. It says "if the association were causal": the difference alone does not tell that those who move come to do as the others do.',
    tag: 'Outcomes',
    query: {
      ...questionQuery,
      ...window,
      share: Type.Optional(
        Type.Number({
          exclusiveMinimum: 0,
          maximum: 1,
          default: 0.1,
          description: 'The share of the one band that moves: 0.1 is 10%.',
        }),
      ),
      from_band: bandOf('The band that they leave.', 'detractor'),
      to_band: bandOf('The band that they come to.', 'passive'),
    },
    row: whatIfRow,
    answer: whatIf,
  }),
];
