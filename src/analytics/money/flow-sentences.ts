import type { AnswerRow } from '../answer.ts';
import { amount, capital, counted, listed, percent, tenths } from '../words.ts';
import { inCustomerGroup, narrowed } from './customer-question.ts';
import type { FlowComparison, ToldFlow } from './flow-answer.ts';
import { type FlowQuestion, nothingTold } from './flow-question.ts';
import { baseName, inPeriod } from './periods.ts';

const people = (n: number) => `${counted(n)} ${n === 1 ? 'customer' : 'customers'}`;
const number = (row: AnswerRow, column: string) => Number(row[column]);
const isTold = (row: AnswerRow, column: string) => row[column] !== null;

/** `95% interval 91.0% to 97.3%`, or that there is none. */
const interval = (row: AnswerRow, column: string) =>
  isTold(row, `${column}_low`)
    ? `95% interval ${percent(number(row, `${column}_low`))} to ${percent(number(row, `${column}_high`))}`
    : 'no interval can be told';

/** `in both`, `none of 3`, `2 of 3`. */
const howMany = (count: number, all: number) => `${count === 0 ? 'none' : counted(count)} of ${counted(all)}`;

/** What stayed, of how much, in words that a service manager can repeat; the last period, and its groups. */
export function retentionSentence(rows: ToldFlow[], comparisons: FlowComparison[], question: FlowQuestion): string {
  const last = lastPeriod(rows, 'nrr');
  const [only, another] = last;
  if (!only) return narrowed(nothingTold(question), question);
  if (another) return narrowed(groupsSentence(last, comparisons, question), question);
  const { row, flow } = only;
  const base = baseName(question.by, question.against);
  const { currency } = question.state;
  const paid = `${inPeriod(question.by, flow.period)}, customers${inCustomerGroup(flow, question)} who had paid ${base} paid ${percent(number(row, 'nrr'))} of what they had paid then (net revenue retention; ${interval(row, 'nrr')}; ${people(flow.whole.base_customers)}, ${amount(flow.whole.base_revenue, currency)} ${currency}).`;
  const gross = `Without those who paid more, it is ${percent(number(row, 'grr'))} (gross; ${interval(row, 'grr')}), and ${percent(number(row, 'logo_retention'))} of them still paid (${interval(row, 'logo_retention')}).`;
  return narrowed([paid, gross, others(row, currency), change(only, comparisons)].filter(Boolean).join(' '), question);
}

/** The rows of the last period of which the column is told. */
function lastPeriod(rows: ToldFlow[], column: string): ToldFlow[] {
  const told = rows.filter(({ row }) => isTold(row, column));
  const period = told.at(-1)?.flow.period;
  return told.filter(({ flow }) => flow.period === period);
}

function others(row: AnswerRow, currency: string): string {
  const came = [
    ['reactivated', 'customers who came back'],
    ['new', 'new customers'],
  ].flatMap(([part, words]) =>
    number(row, `${part}_customers`) > 0
      ? [
          `${amount(number(row, `${part}_revenue`), currency)} ${currency} came from ${counted(number(row, `${part}_customers`))} ${words}`,
        ]
      : [],
  );
  return came.length === 0 ? '' : `Beside it, ${listed(came)}.`;
}

/** How the last period stands to the one before it. */
function change({ flow }: ToldFlow, comparisons: FlowComparison[]): string {
  const found = comparisons.find((one) => one.flow === flow && one.low !== null && one.high !== null);
  if (!found) return '';
  const { difference, low, high } = found;
  const points = (value: number | null) => tenths(100 * Math.abs(value ?? 0));
  if ((low ?? 0) > 0 || (high ?? 0) < 0) {
    const isMore = (difference ?? 0) > 0;
    const [near, far] = isMore ? [low, high] : [high, low];
    const word = isMore ? 'more' : 'less';
    return `Net, that is ${points(difference)} points ${word} than in ${found.against} (95% interval ${points(near)} to ${points(far)} points ${word}).`;
  }
  return `No difference of net retention from ${found.against} was found (95% interval ${points(low)} points less to ${points(high)} points more).`;
}

function groupsSentence(last: ToldFlow[], comparisons: FlowComparison[], question: FlowQuestion): string {
  const sorted = last.toSorted((one, other) => number(other.row, 'nrr') - number(one.row, 'nrr'));
  const [highest, lowest] = [sorted[0], sorted.at(-1)];
  if (!highest || !lowest) return '';
  const figure = ({ row, flow }: ToldFlow) =>
    `${inCustomerGroup(flow, question).trim()}, ${percent(number(row, 'nrr'))} (${interval(row, 'nrr')}; ${people(flow.whole.base_customers)})`;
  const compared = comparisons.filter(({ flow }) => last.some((one) => one.flow === flow));
  const clear = compared.filter(({ q }) => q !== null && q <= 0.05).length;
  const tests = comparisons.filter(({ p }) => p !== null).length;
  const differ = `In ${howMany(clear, compared.length)} groups it differs clearly from that of all others together${tests > 1 ? `, allowing for ${counted(tests)} comparisons at once` : ''}.`;
  return `${inPeriod(question.by, highest.flow.period)}, net revenue retention against what customers had paid ${baseName(question.by, question.against)} is highest ${figure(highest)}, and lowest ${figure(lowest)}.${compared.length > 0 ? ` ${differ}` : ''}`;
}

/** How much of the growth was earned, between its bounds; the last period, and its groups. */
export function growthSentence(rows: ToldFlow[], question: FlowQuestion): string {
  const last = lastPeriod(rows, 'earned_growth_least');
  const [only, another] = last;
  if (!only) return narrowed(nothingTold(question), question);
  if (another) return narrowed(growthOfGroups(last, question), question);
  const { row, flow } = only;
  const isExact = row.earned_growth_least === row.earned_growth_most;
  const figure = isExact
    ? `${signed(row, 'earned_growth_least')} (${interval(row, 'earned_growth_least')}; ${people(flow.whole.base_customers)} before)`
    : `between ${signed(row, 'earned_growth_least')} and ${signed(row, 'earned_growth_most')}, as nothing says how ${counted(flow.whole.unknown_customers)} of the new customers came`;
  const of = inCustomerGroup(flow, question);
  const sources = [
    ['from_existing', 'from those who had paid before'],
    ['from_earned', 'from new customers who came by referral or word of mouth'],
    ['from_bought', 'from those won by advertising, promotion, sales or partners'],
    ['from_unknown', 'from those of unknown origin'],
    ['from_reactivated', 'from customers who came back'],
  ].flatMap(([column = '', words]) =>
    isTold(row, column) && (column === 'from_existing' || row[column] !== 0) ? [`${signed(row, column)} ${words}`] : [],
  );
  return narrowed(
    `${inPeriod(question.by, flow.period)}, earned growth${of} was ${figure}. Revenue changed by ${signed(row, 'total_growth')} of that ${baseName(question.by, question.against)}: ${listed(sources)}.`,
    question,
  );
}

/** `+8.0%`, `-25.0%`, `0.0%` */
const signed = (row: AnswerRow, column: string) => {
  const text = percent(number(row, column));
  return number(row, column) > 0 && text !== '0.0%' ? `+${text}` : text;
};

function growthOfGroups(last: ToldFlow[], question: FlowQuestion): string {
  const sorted = last.toSorted(
    (one, other) => number(other.row, 'earned_growth_least') - number(one.row, 'earned_growth_least'),
  );
  const figure = ({ row, flow }: ToldFlow) => {
    const least = signed(row, 'earned_growth_least');
    const most = signed(row, 'earned_growth_most');
    return `${inCustomerGroup(flow, question).trim()}, ${least === most ? least : `${least} to ${most} by what is unknown`} (${people(flow.whole.base_customers)} before)`;
  };
  const [highest, lowest] = [sorted[0], sorted.at(-1)];
  if (!highest || !lowest) return '';
  return capital(
    `${inPeriod(question.by, highest.flow.period)}, earned growth, counting no customer of unknown origin, is highest ${figure(highest)}, and lowest ${figure(lowest)}.`,
  );
}
