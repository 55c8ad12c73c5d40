import { readPeriod } from '../../db/period.ts';
import type { Database } from '../../db/pool.ts';
import { completeThrough } from '../../outcomes/collect.ts';
import { wilson } from '../../stats/intervals.ts';
import { type Answer, type AnswerRow, freshness, groupValues, rounded } from '../answer.ts';
import type { Reader } from '../declare.ts';
import { hiddenRows } from '../small-groups.ts';
import { hashGroups } from '../sums.ts';
import { amount, counted, percent } from '../words.ts';
import { customerWarnings, inCustomerGroup, narrowed, prepareCustomerQuestion } from './customer-question.ts';
import { shareColumns } from './flow-answer.ts';
import {
  type Leavers,
  type LeavingParameters,
  type LeavingQuestion,
  type LeavingSums,
  readLeavers,
} from './leavers.ts';

export const leavingReasonsDefinition = {
  id: 'leaving_reasons',
  version: 1,
  text: 'Customers with a retention event `churned` in [from, to), each once, by the reason of the last such event; its words are taken as they are. revenue = all net revenue of these customers up to and including the moment they left, converted at the rate of each day. Shares are of all customers who left in the group, those without a reason among them. Read from the events one by one, not from kept sums.',
};

/** Why customers left, and what those were worth who did. */
export async function leavingReasons(db: Database, given: LeavingParameters, reader: Reader): Promise<Answer> {
  const prepared = await prepareCustomerQuestion(db, given, reader);
  const { order = 'revenue', limit = 100 } = given;
  const { question, found, without_rate } = await db.read(
    async (client) => {
      const through = (await completeThrough(client)).get('retention_events') ?? null;
      const asked: LeavingQuestion = {
        ...prepared,
        ...(await readPeriod(client, prepared.state.time_zone, given)),
        order,
        limit,
        through,
      };
      return { question: asked, ...(await readLeavers(client, asked)) };
    },
    { snapshot: true },
  );
  const groups = [...new Set(found.map(({ groups: one }) => JSON.stringify(one)))].map((text) =>
    found.filter((one) => JSON.stringify(one.groups) === text),
  );
  const hidden = hiddenRows(
    found.map((row) => ({ row, people: row.whole.customers, lines: linesOf(row) })),
    question.fewest_people,
  );
  const data = groups.flatMap((group) =>
    group.slice(0, limit).map((one) => rowOf(one, group, hidden.has(one), question)),
  );
  const beyond = groups.reduce(
    (sum, group) => sum + group.slice(limit).reduce((all, { whole }) => all + whole.customers, 0),
    0,
  );
  const { fresh, warnings } = freshness(question, question.through);
  return {
    question: 'analytics/leaving-reasons',
    reads_as: sentence(groups, hidden, question),
    definition: leavingReasonsDefinition,
    parameters: {
      ...question.filters,
      group_by: question.group_by,
      from: question.from?.at ?? null,
      to: question.to?.at ?? null,
      order,
      limit,
      currency: question.state.currency,
      min_n: question.min_n,
      time_zone: question.state.time_zone,
    },
    data,
    comparisons: [],
    left_out: [
      ...(beyond > 0 ? [{ reason: 'beyond_limit', customers: beyond }] : []),
      ...(without_rate > 0 ? [{ reason: 'no_exchange_rate', revenue_events: without_rate }] : []),
    ],
    fresh,
    method:
      'share of customers: Wilson; share of revenue: Wilson with the effective n, by the delete-a-group jackknife over 32 groups of customers',
    warnings: [
      ...warnings,
      ...(without_rate > 0
        ? [
            `${counted(without_rate)} revenue events are left out because no exchange rate to ${question.state.currency} is known: send it to /v1/exchange-rates.`,
          ]
        : []),
      ...customerWarnings(data),
    ],
  };
}

/** The sums of the reasons: those of a group add up to all who left of it, those of a reason to all who left for it. */
const linesOf = ({ reason, groups }: Leavers): string[] => [
  JSON.stringify(['reasons', groups]),
  ...groups.map((_, at) => JSON.stringify([at, reason, groups.filter((_value, other) => other !== at)])),
];

const total = (group: readonly Leavers[], name: keyof LeavingSums) =>
  group.reduce((sum, { whole }) => sum + whole[name], 0);

function rowOf(one: Leavers, group: readonly Leavers[], isHidden: boolean, question: LeavingQuestion): AnswerRow {
  const { customers, revenue } = one.whole;
  const all = total(group, 'customers');
  const withheld = isHidden
    ? `fewer than ${question.fewest_people} people, or a group that would give one away`
    : all < question.min_n
      ? `fewer than ${question.min_n} customers left`
      : null;
  const told = withheld === null;
  const share = told ? wilson({ successes: customers, n: all }) : null;
  const paid = (of: readonly Leavers[], hash: number) =>
    of.reduce((sum, { hashed }) => sum + (hashed[hash]?.revenue ?? 0), 0);
  const shares = Array.from({ length: hashGroups }, (_, hash) => ({
    numerator: paid([one], hash),
    denominator: paid(group, hash),
  }));
  return {
    ...groupValues(one, question),
    reason: one.reason,
    customers: isHidden ? null : customers,
    share: told ? rounded(customers / all) : null,
    share_low: rounded(share?.low ?? null),
    share_high: rounded(share?.high ?? null),
    revenue: isHidden ? null : rounded(revenue),
    ...shareColumns('revenue_share', told ? shares : null),
    withheld,
  };
}

/** Why most customers left, or those who had paid most, in words that a service manager can repeat. */
function sentence(groups: readonly Leavers[][], hidden: Set<Leavers>, question: LeavingQuestion): string {
  const { from, to, order, state, through } = question;
  const scope = (text: string) =>
    narrowed(text, question, [
      ...(from ? [`who left from ${from.month ?? from.at}`] : []),
      ...(to ? [`who left before ${to.month ?? to.at}`] : []),
    ]);
  if (through === null)
    return 'Nothing can be told of who left: no retention events were sent yet. That is not the same as nobody leaving.';
  if (groups.length === 0) return scope('No customer was found who left.');
  const told = groups.flatMap((group) => {
    const [top] = group.filter((one) => one.reason !== null && !hidden.has(one));
    const all = total(group, 'customers');
    return top && all >= question.min_n ? [{ group, top, all }] : [];
  });
  const [largest, ...others] = told.toSorted((one, other) => other.all - one.all);
  if (!largest) return scope('Too few customers left, or none with a reason, to say why.');
  const { group, top, all } = largest;
  const worth = `${amount(top.whole.revenue, state.currency)} ${state.currency}`;
  const rank = order === 'revenue' ? 'reason to leave that cost the most revenue' : 'most frequent reason to leave';
  const silent = group.find(({ reason }) => reason === null)?.whole.customers ?? 0;
  const text = `The ${rank}${inCustomerGroup(top, question)} is "${top.reason}": ${counted(top.whole.customers)} of ${counted(all)} customers who left (${percent(top.whole.customers / all)}), who had paid ${worth} in all.`;
  return scope(
    [
      text,
      ...(silent > 0 && !hidden.has(group.find(({ reason }) => reason === null) ?? top)
        ? [`Of ${counted(silent)} no reason is known.`]
        : []),
      ...(others.length > 0
        ? [`${counted(others.length)} more ${others.length === 1 ? 'group is' : 'groups are'} in the rows.`]
        : []),
    ].join(' '),
  );
}
