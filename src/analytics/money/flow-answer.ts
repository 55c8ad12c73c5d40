import type { Client, Database } from '../../db/pool.ts';
import { tInterval } from '../../stats/intervals.ts';
import { type RatioGroup, ratioDifference, ratioEstimate, weightedShare } from '../../stats/jackknife.ts';
import { tTest, withQ } from '../../stats/tests.ts';
import { type Answer, type AnswerRow, freshness, groupValues, qMethod, rounded, roundedP, testsIn } from '../answer.ts';
import { figureColumns } from '../columns.ts';
import { counted } from '../words.ts';
import { customerWarnings } from './customer-question.ts';
import type { FlowQuestion } from './flow-question.ts';
import { countWithoutRate, type Flow, hiddenParts, parts, readFlows, type Shown, together } from './flows.ts';
import { dateOf } from './periods.ts';

/** A row of an answer with what it was made of, for sentences and comparisons. */
export interface ToldFlow {
  flow: Flow;
  row: AnswerRow;
}

/** A comparison of two flows by one ratio. */
export interface FlowComparison {
  flow: Flow;
  measure: string;
  against: string;
  difference: number | null;
  low: number | null;
  high: number | null;
  p: number | null;
  q: number | null;
}

/** What the sums are read into: the flows, what small groups hide of them, and payments without an exchange rate. */
export async function findFlows(db: Database, question: FlowQuestion, shown: Shown) {
  return db.read(
    async (client) => ({
      ...(await readShownFlows(client, question, shown)),
      without_rate: await countWithoutRate(client, question, question.periods),
    }),
    { snapshot: true },
  );
}

/** The flows of a question, and what small groups hide of them. */
export async function readShownFlows(client: Client, question: FlowQuestion, shown: Shown) {
  const by_origin = shown.length === parts.length;
  const flows = await readFlows(client, question, { periods: question.periods, by_origin });
  return { flows, hidden: hiddenParts(flows, shown, question.fewest_people) };
}

/** Why the ratios of a flow are not told; null where they are. */
export function withheldRatios({ whole }: Flow, isHidden: boolean, { min_n, fewest_people }: FlowQuestion) {
  if (isHidden) return `fewer than ${fewest_people} people, or a group that would give one away`;
  if (whole.base_customers === 0) return 'no revenue in the period that it is held against';
  return whole.base_customers < min_n ? `fewer than ${min_n} customers in the period that it is held against` : null;
}

/** The columns that say which period and group a row is of. */
export const flowColumns = ({ period, ...group }: Flow, question: FlowQuestion): AnswerRow => ({
  period: period.label,
  period_from: dateOf(period.from),
  period_to: dateOf(period.to),
  base_from: dateOf(period.base_from),
  base_to: dateOf(period.base_to),
  ...groupValues(group, question),
});

/** A ratio, less `minus`, with its t interval from the jackknife over groups of customers; nulls where it is not told. */
export function ratioColumns(name: string, groups: readonly RatioGroup[] | null, minus = 0): AnswerRow {
  const ratio = groups && ratioEstimate(groups);
  const interval = ratio ? tInterval(ratio.estimate, ratio.standard_error, ratio.df) : null;
  return {
    [name]: rounded(ratio ? ratio.estimate - minus : null),
    [`${name}_low`]: rounded(interval ? interval.low - minus : null),
    [`${name}_high`]: rounded(interval ? interval.high - minus : null),
  };
}

/** A share of amounts with its interval; nulls where it is not told. */
export function shareColumns(name: string, groups: readonly RatioGroup[] | null): AnswerRow {
  const { estimate = null, low = null, high = null } = (groups && weightedShare(groups)) ?? {};
  return figureColumns(name, estimate, low, high);
}

/**
 * Each group against all others of its period together; without groups each period against the one told before it. The
 * jackknife on the difference allows for customers who are in both.
 */
export function compareFlows(
  told: readonly Flow[],
  seen: readonly Flow[],
  { group_by }: FlowQuestion,
  { measure, groups }: { measure: string; groups: (flow: Pick<Flow, 'whole' | 'hashed'>) => RatioGroup[] },
): FlowComparison[] {
  const pairs = told.flatMap((flow, at) => {
    if (group_by.length === 0) {
      const before = told[at - 1];
      return before ? [{ flow, other: before, against: before.period.label }] : [];
    }
    const others = seen.filter((one) => one.period === flow.period && one !== flow);
    return others.length > 0 ? [{ flow, other: together(others), against: 'all other groups' }] : [];
  });
  const found = pairs.flatMap(({ flow, other, against }) => {
    const ratio = ratioDifference(groups(flow), groups(other));
    if (!ratio) return [];
    const { difference, low, high, p } = tTest(ratio.estimate, ratio.standard_error, ratio.df);
    return [{ flow, measure, against, difference, low, high, p }];
  });
  return withQ(found);
}

/**
 * What the two questions about revenue from period to period have in common in their answers.
 * @param others what the method says of the intervals of further figures
 */
export function flowAnswer(
  question: FlowQuestion,
  rows: ToldFlow[],
  comparisons: FlowComparison[],
  without_rate: number,
  others = '',
): Omit<Answer, 'question' | 'reads_as' | 'definition'> {
  const { state, periods, by, against, filters, group_by, min_n, through } = question;
  const { fresh, warnings } = freshness(question, through);
  const data = rows.map(({ row }) => row);
  const outside = rows.reduce((sum, { row }) => sum + Number(row.not_in_base ?? 0), 0);
  const tests = testsIn(comparisons);
  return {
    parameters: {
      by,
      against,
      ...filters,
      group_by,
      from: periods[0] ? dateOf(periods[0].from) : null,
      to: periods.length > 0 ? dateOf(periods.at(-1)?.to ?? 0) : null,
      currency: state.currency,
      min_n,
      time_zone: state.time_zone,
    },
    data,
    comparisons: comparisons.map((one) => ({
      period: one.flow.period.label,
      ...groupValues(one.flow, question),
      measure: one.measure,
      against: one.against,
      difference: rounded(one.difference),
      difference_low: rounded(one.low),
      difference_high: rounded(one.high),
      p: roundedP(one.p),
      q: roundedP(one.q),
    })),
    left_out: [
      ...(without_rate > 0 ? [{ reason: 'no_exchange_rate', revenue_events: without_rate }] : []),
      ...(outside > 0 ? [{ reason: 'base_revenue_not_above_zero', customers: outside }] : []),
    ],
    fresh,
    method: `delete-a-group jackknife over 32 groups of customers, t intervals${others}${qMethod(tests)}`,
    warnings: [
      ...warnings,
      ...question.warnings,
      ...(without_rate > 0
        ? [
            `${counted(without_rate)} revenue events are left out because no exchange rate to ${state.currency} is known: send it to /v1/exchange-rates.`,
          ]
        : []),
      ...customerWarnings(data, tests),
    ],
  };
}
