import type { Client, Database } from '../../db/pool.ts';
import { badParameter } from '../../errors.ts';
import { wilson } from '../../stats/intervals.ts';
import { weightedShare } from '../../stats/jackknife.ts';
import {
  type Answer,
  type AnswerRow,
  freshness,
  groupColumns,
  rounded,
  usualWarnings,
  withheldReason,
} from '../answer.ts';
import { isPeriod, prepareQuestion, type Question, type QuestionParameters, shownParameters } from '../question.ts';
import { hiddenRows, linesOf } from '../small-groups.ts';
import {
  type Asked,
  customersOf,
  invitationDimensions,
  isInvitationDimension,
  type Rates,
  readLeftOut,
  readRates,
  readRevenueOfAll,
} from './read.ts';
import { ratesSentence } from './sentence.ts';

export const responseRatesDefinition = {
  id: 'response_rate',
  version: 1,
  text: 'response_rate = different customers who answered / different customers whom an invitation reached (one that did not bounce; declined ones are reached). An answer belongs to an invitation when the customer gave it to that survey at the time of the invitation or later, within within_days, and before the next invitation to the survey that reached the customer. Invitations that can still be answered are left out. revenue_coverage = trailing revenue of 365 days of who answered / of all customers (of the segment and region asked about); reached_revenue_coverage = the same / of all who were reached.',
};

interface RatesParameters extends QuestionParameters {
  within_days?: number;
}

/** How many of those who were asked answered, and how much of the revenue they stand for. */
export async function responseRates(
  db: Database,
  given: RatesParameters,
  reader: { personal: boolean },
): Promise<Answer> {
  const { within_days = 30 } = given;
  const question = await prepareQuestion(db, given, reader);
  requireKnownGroups(question);
  const through = throughOf(question);
  // Nothing is known of answers that nobody sent: every invitation can still be answered.
  const asked = { question, within_days, until: through ?? new Date(0) };
  const { rows, left } = await db.read(
    async (client) => ({
      rows: await readRateRows(client, asked, await readRevenueOfAll(client, question)),
      left: await readLeftOut(client, asked),
    }),
    { snapshot: true },
  );
  const { fresh, warnings } = freshness(question, through);
  return {
    question: 'analytics/response-rates',
    reads_as: ratesSentence(rows, question, within_days),
    definition: responseRatesDefinition,
    parameters: shownParameters(question, {
      as_of: question.as_of,
      within_days,
      revenue_as_of: question.state.revenue_through?.toISOString() ?? null,
    }),
    data: rows,
    comparisons: [],
    left_out: [
      { reason: 'bounced', customers: left.unreached },
      { reason: through === null ? 'no_data' : 'window_open', customers: left.open },
    ].filter(({ customers }) => customers > 0),
    fresh,
    method:
      'each customer counts once in a group; shares: Wilson; coverage of those who were reached: Wilson with the effective n, by the delete-a-group jackknife over 32 groups of customers',
    warnings: [
      ...warnings,
      ...usualWarnings(rows, 0),
      ...(question.group_by.length > 0
        ? ['A customer who was invited in several groups counts in each of them, so groups do not add up to the whole.']
        : []),
    ],
  };
}

/**
 * The rows of a question about response rates.
 * @param revenue what `readRevenueOfAll` gives; without it revenue_coverage is null
 */
export async function readRateRows(
  client: Client,
  asked: Asked,
  revenue: Map<string, number> = new Map(),
): Promise<AnswerRow[]> {
  const { question } = asked;
  const groups = await readRates(client, asked);
  const hidden = hiddenRows(
    groups.map((row) => ({ row, people: row.reached, lines: linesOf(row) })),
    question.fewest_people,
  );
  return groups.map((group) =>
    rowOf(group, question, hidden.has(group), revenue.get(customersOf(group, question)) ?? 0),
  );
}

/** @throws ApiError 400 for a grouping that invitations do not have */
function requireKnownGroups({ group_by }: Question): void {
  const other = group_by.find((name) => !isPeriod(name) && !isInvitationDimension(name));
  if (other)
    throw badParameter(
      'group_by',
      'unknown_grouping',
      `Invitations have no ${other}: group_by is one or two of ${invitationDimensions.join(', ')}, month, quarter, year.`,
    );
}

function throughOf({ responses_through, as_of }: Question): Date | null {
  const asked = as_of === null ? null : new Date(as_of);
  return responses_through && asked && asked < responses_through ? asked : responses_through;
}

function withheldOf({ reached }: Rates, isHidden: boolean, question: Question): string | null {
  if (isHidden) return withheldReason(reached, true, question);
  if (reached === 0) return 'no invitation reached anybody';
  return reached < question.min_n ? `fewer than ${question.min_n} customers were reached` : null;
}

function rowOf(group: Rates, question: Question, isHidden: boolean, revenueOfAll: number): AnswerRow {
  const { invitations, bounced, declined, reached, answered, revenue } = group;
  const withheld = withheldOf(group, isHidden, question);
  const told = withheld === null;
  const count = (value: number) => (isHidden ? null : value);
  const rate = told ? wilson({ successes: answered, n: reached }) : null;
  // The revenue of a few people is theirs, whatever share of the whole it is.
  const tellsRevenue =
    told && question.state.revenue_through !== null && (answered === 0 || answered >= question.fewest_people);
  const ofReached = revenue.reduce((sum, { denominator }) => sum + denominator, 0);
  const ofAnswered = revenue.reduce((sum, { numerator }) => sum + numerator, 0);
  const coverage = tellsRevenue && ofReached > 0 ? weightedShare(revenue) : null;
  return {
    ...groupColumns(group, question),
    invitations: count(invitations),
    bounced: count(bounced),
    declined: count(declined),
    reached: count(reached),
    answered: count(answered),
    response_rate: told ? rounded(answered / reached) : null,
    response_rate_low: rounded(rate?.low ?? null),
    response_rate_high: rounded(rate?.high ?? null),
    revenue_coverage: tellsRevenue && revenueOfAll > 0 ? rounded(ofAnswered / revenueOfAll) : null,
    reached_revenue_coverage: rounded(coverage?.estimate ?? null),
    reached_revenue_coverage_low: rounded(coverage?.low ?? null),
    reached_revenue_coverage_high: rounded(coverage?.high ?? null),
    withheld,
  };
}
