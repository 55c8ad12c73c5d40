import type { AnswerRow } from '../answer.ts';
import type { Question } from '../question.ts';
import { counted, inGroup, listed, percent } from '../words.ts';
import type { LoyaltyGroup, LoyaltyPart } from './loyalty-sums.ts';

/** A row of the answer with what it was made of. */
export interface ToldPart {
  group: LoyaltyGroup;
  part: LoyaltyPart;
  row: AnswerRow;
}

/** How many satisfied customers left, in words that a service manager can repeat; of groups the best and the worst. */
export function loyaltySentence(rows: readonly ToldPart[], through: Date | null, question: Question): string {
  if (through === null)
    return 'Nothing can be told of loyalty: no retention events or revenue events were sent yet. That is not the same as nobody leaving.';
  const told = rows
    .filter(({ part, row }) => part.name === 'satisfied' && row.left_rate !== null)
    .toSorted((one, other) => Number(other.row.left_rate) - Number(one.row.left_rate));
  const [most, ...others] = told;
  if (!most) return nobodySatisfied(rows, question);
  const fewest = others.at(-1);
  if (!fewest) return [leftOf(most, question), besides(rows, most), quadrant(rows, most)].filter(Boolean).join(' ');
  return `${leftOf(most, question)} Of ${told.length} groups that is the most; the fewest were ${rate(fewest.row)}${where(fewest, rows, question)}.`;
}

function nobodySatisfied(rows: readonly ToldPart[], question: Question): string {
  if (rows.every(({ part }) => part.whole.n === 0))
    return `No response with an elapsed window of ${question.window_days} days was found for this question.`;
  return 'Too few customers who were satisfied, short of the best answers, to tell how many of them left.';
}

const later = ({ window_days }: Question) => `${window_days} days later`;

const where = ({ group }: ToldPart, rows: readonly ToldPart[], question: Question) =>
  `${new Set(rows.map((one) => one.group.survey)).size > 1 ? ` of the survey '${group.survey}'` : ''}${inGroup(group, question)}`;

/** `21.1%, 95% interval 17.4% to 25.3%` */
const rate = (row: AnswerRow) =>
  row.left_rate_low === null
    ? percent(Number(row.left_rate))
    : `${percent(Number(row.left_rate))}, 95% interval ${percent(Number(row.left_rate_low))} to ${percent(Number(row.left_rate_high))}`;

/** `Of 412 customers who said they were satisfied, 87 (...) had left or stopped buying 180 days later.` */
function leftOf(told: ToldPart, question: Question): string {
  const { group, part, row } = told;
  const { n, customers, left_customers } = part.whole;
  const who = `${counted(n)} ${n === customers ? (n === 1 ? 'customer' : 'customers') : 'answers of customers'}`;
  const said = group.has_satisfied
    ? 'who said they were satisfied, short of the best answer'
    : 'who were passives, satisfied but not promoters';
  return `Of ${who}${where(told, [told], question)} ${said}, ${counted(left_customers)} (${rate(row)}) had left or stopped buying ${later(question)}.`;
}

/** What became of those who gave the best answer. */
function besides(rows: readonly ToldPart[], { group }: ToldPart): string {
  const top = rows.find((one) => one.group === group && one.part.name === 'top');
  if (!top || top.row.left_rate === null) return '';
  return `Of ${counted(top.part.whole.n)} who gave the best answers, ${counted(top.part.whole.left_customers)} (${rate(top.row)}) had.`;
}

function quadrant(rows: readonly ToldPart[], { group }: ToldPart): string {
  const names = { apostle: 'apostles', mercenary: 'mercenaries', hostage: 'hostages', defector: 'defectors' };
  const shares = Object.entries(names).flatMap(([name, plural]) => {
    const found = rows.find((one) => one.group === group && one.part.name === name);
    return found && found.row.share !== null ? [`${percent(Number(found.row.share))} ${plural}`] : [];
  });
  return shares.length === 0 ? '' : `In all, ${listed(shares)}.`;
}
