import { groupsTold, tallySentence } from '../grouped-sentence.ts';
import type { Question } from '../question.ts';
import type { GroupKey } from '../sums.ts';
import { counted, groupName, inGroup, inResponses, percent } from '../words.ts';
import { association as associationOnly } from './sentences.ts';
import type { Criterion } from './validity-sums.ts';

/** How a score goes with an outcome in a group: a rank correlation, or an area under the curve. */
export interface Association extends GroupKey {
  criterion: Criterion;
  responses: number | null;
  customers: number | null;
  /** How many did it and did not; null for an amount. */
  did: number | null;
  did_not: number | null;
  statistic: { value: number | null; low: number | null; high: number | null; p: number | null };
  p: number | null;
  q: number | null;
  withheld: string | null;
}

interface Wording {
  /** Who scored higher ... */
  more: string;
  less: string;
  /** The two sides of a pair. */
  did: string;
  did_not: string;
  noun: string;
}

const wordings: Record<Criterion['name'], Wording> = {
  revenue_after: { more: 'spent more', less: 'spent less', did: '', did_not: '', noun: 'revenue' },
  referrals_after: {
    more: 'made more referrals',
    less: 'made fewer referrals',
    did: '',
    did_not: '',
    noun: 'referrals',
  },
  referred: {
    more: 'referred somebody more often',
    less: 'referred somebody less often',
    did: 'referred somebody',
    did_not: 'did not',
    noun: 'whether they refer',
  },
  retained: { more: 'stayed more often', less: 'stayed less often', did: 'stayed', did_not: 'left', noun: 'retention' },
};

/** Whether the score goes with each outcome: of one group how strongly, of several in how many. */
export function validitySentence(found: readonly Association[], tests: number, question: Question): string {
  if (found.length === 0) return 'No responses with an elapsed window were found for this question.';
  const told = found.filter(({ statistic }) => statistic.value !== null);
  const [first] = told;
  if (!first) return cannotTell(found, question);
  const groups = new Set(told.map(({ survey, groups: of }) => JSON.stringify([survey, of])));
  const names = [...new Set(told.map(({ criterion }) => criterion.name))];
  const parts = names.map((name) => {
    const of = told.filter(({ criterion }) => criterion.name === name);
    const [only] = of;
    if (groups.size === 1 && only) return oneSentence(only, isManySurveys(found), question);
    const all = found.filter(({ criterion }) => criterion.name === name);
    return groupedSentence(of, all, wordings[name], tests, question);
  });
  const sure = told.some((one) => (groups.size === 1 ? isSure(one) : isClear(one)));
  return sure ? `${parts.join(' ')} ${associationOnly}` : parts.join(' ');
}

/** One reason for all, where it is one. */
function cannotTell(found: readonly Association[], { window_days }: Question): string {
  const reasons = [...new Set(found.map(({ withheld }) => withheld))];
  const [reason] = reasons;
  if (found.every(({ responses }) => responses === null || responses === 0) || reasons.length > 1 || !reason)
    return `Whether the score goes with what customers do in the ${window_days} days after answering cannot be told: the rows say why.`;
  return `Whether the score goes with what customers do in the ${window_days} days after answering cannot be told: ${reason.replace('cannot be told: ', '')}.`;
}

const nothing = ({ criterion }: Association) => (criterion.kind === 'amount' ? 0 : 0.5);
const isMore = (one: Association) => (one.statistic.value ?? 0) > nothing(one);
/** An interval on one side of no association. */
const isSure = (one: Association) => {
  const { low, high } = one.statistic;
  return low !== null && high !== null && (low > nothing(one) || high < nothing(one));
};
const isClear = ({ q }: Association) => q !== null && q <= 0.05;
const isManySurveys = (found: readonly Association[]) => new Set(found.map(({ survey }) => survey)).size > 1;
const decimals = (value: number) => value.toFixed(3).replace(/^-(0\.000)$/, '$1');

/** `rank correlation 0.31, 95% interval 0.22 to 0.40` */
function sizeOf({ criterion, statistic: { value, low, high } }: Association): string {
  const isAmount = criterion.kind === 'amount';
  const size = (figure: number) => (isAmount ? decimals(figure) : percent(figure));
  const interval = low === null || high === null ? 'no interval' : `95% interval ${size(low)} to ${size(high)}`;
  return `${isAmount ? 'rank correlation' : 'in the right order'} ${size(value ?? 0)}, ${interval}`;
}

function oneSentence(one: Association, isMany: boolean, question: Question): string {
  const wording = wordings[one.criterion.name];
  const where = `${isMany ? ` to the survey '${one.survey}'` : ''}${inGroup(one, question)}`;
  const days = `in the ${question.window_days} days after answering`;
  const { value, low, high } = one.statistic;
  if (!isSure(one) && low !== null)
    return `No association of the score${where} with ${wording.noun} ${days} was found (${sizeOf(one)}; ${countOf(one)}).`;
  if (one.criterion.kind === 'amount')
    return `Who scored higher${where} ${isMore(one) ? wording.more : wording.less} ${days} (${sizeOf(one)}; ${countOf(one)}).`;
  const interval = low === null || high === null ? 'no interval' : `95% interval ${percent(low)} to ${percent(high)}`;
  return `Of two customers${where}, one who ${wording.did} ${days} and one who ${wording.did_not}, the one who ${wording.did} had scored higher in ${percent(value ?? 0)} of pairs (${interval}; ${countOf(one)}).`;
}

const countOf = ({ responses, did, did_not }: Association) =>
  did === null || did_not === null ? inResponses(responses ?? 0) : `${counted(did)} and ${counted(did_not)} responses`;

function groupedSentence(
  told: readonly Association[],
  all: readonly Association[],
  wording: Wording,
  tests: number,
  question: Question,
): string {
  const distance = (one: Association) => Math.abs((one.statistic.value ?? 0) - nothing(one));
  const clear = told.filter(isClear).sort((one, other) => distance(other) - distance(one));
  const side = (found: readonly Association[]) => {
    const [most] = found;
    if (!most) return { count: 0, example: '' };
    const name = `${isManySurveys(all) ? `'${most.survey}' ` : ''}${groupName(most, question)}`.trim();
    return { count: found.length, example: ` (${found.length > 1 ? 'most in ' : ''}${name}: ${sizeOf(most)})` };
  };
  const rows = all.map(({ survey, groups }) => ({
    survey,
    ...Object.fromEntries(question.group_by.map((name, at) => [name, groups[at] ?? null])),
  }));
  return tallySentence({
    opening: `In the ${question.window_days} days after answering,`,
    more: { claim: `who scored higher ${wording.more}`, ...side(clear.filter(isMore)) },
    less: {
      claim: `who scored higher ${wording.less}`,
      again: wording.less,
      ...side(clear.filter((one) => !isMore(one))),
    },
    none: `no association of the score with ${wording.noun} was found`,
    told: told.length,
    noun: groupsTold(rows, told.length, question),
    tests,
  }).replaceAll('no difference was found', 'no association was found');
}
