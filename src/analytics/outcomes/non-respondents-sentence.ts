import { bands } from '../../outcomes/cells.ts';
import type { AnswerRow } from '../answer.ts';
import { groupsTold, tallySentence } from '../grouped-sentence.ts';
import type { Question } from '../question.ts';
import { counted, groupName, inGroup, listed, percent, tenths } from '../words.ts';
import type { Comparison } from './findings.ts';
import { landmarkDays, nonRespondent } from './invited.ts';
import { association } from './sentences.ts';

interface Found {
  question: Question;
  through: Date | null;
  rows: readonly AnswerRow[];
  comparisons: readonly Comparison[];
  tests: number;
}

/** How those who did not answer stayed, beside those who did: of one group by how much, of several in how many. */
export function nonRespondentSentence(found: Found): string {
  const { through, rows, comparisons, question } = found;
  if (through === null)
    return 'Nothing can be told of retention: no retention events or revenue events were sent yet. That is not the same as zero.';
  if (rows.length === 0) return 'No invitation with an elapsed window was found for this question.';
  const told = comparisons.filter(({ difference }) => difference !== null);
  const [first] = told;
  if (!first)
    return `Too few invitations with an elapsed window of ${question.window_days} days to compare those who answered with those who did not.`;
  const isOne = told.every(({ survey, groups }) => survey === first.survey && groups === first.groups);
  return isOne ? oneSentence(found, told, first) : groupedSentence(found, told);
}

const isSure = ({ low, high }: Comparison) => low !== null && high !== null && (low > 0 || high < 0);

function oneSentence({ rows, question }: Found, told: readonly Comparison[], first: Comparison): string {
  const own = rows.filter(
    (row) =>
      row.survey === first.survey &&
      row.withheld === null &&
      question.group_by.every((name, at) => row[name] === (first.groups[at] ?? null)),
  );
  const sum = (column: string) => own.reduce((all, row) => all + Number(row[column] ?? 0), 0);
  const contracts = sum('judged_by_contract');
  const all = contracts === sum('responses');
  const named = (band: unknown) => (band === nonRespondent ? 'those who did not answer' : `${band}s`);
  const shares = own.map(
    (row) => `${percent(Number(row.retention_rate ?? 0))} of ${named(row.band)} (${counted(Number(row.responses))})`,
  );
  const isMany = new Set(rows.map(({ survey }) => survey)).size > 1;
  const where = `${isMany ? ` to the survey '${first.survey}'` : ''}${inGroup(first, question)}`;
  const sure = told.filter(isSure);
  const differences = sure.map(({ band, difference, low, high }, at) => {
    const points = (value: number | null) => tenths(100 * Math.abs(value ?? 0));
    const [near, far] = (low ?? 0) > 0 ? [low, high] : [high, low];
    return `${band}s ${at === 0 ? 'stayed ' : ''}${points(difference)} points ${(difference ?? 0) > 0 ? 'more' : 'less'} often (95% interval ${points(near)} to ${points(far)})`;
  });
  const { window_days } = question;
  const text =
    contracts === 0
      ? `Of customers who were invited${where}, ${listed(shares)} bought again in the ${window_days} days that began ${landmarkDays} days later.`
      : `Of customers who were invited${where} and were still customers ${landmarkDays} days later, ${listed(shares)} were still customers${all ? '' : ', or had bought again,'} ${window_days} days after that.`;
  if (sure.length === 0) return `${text} No difference between those who answered and those who did not was found.`;
  return `${text} Compared with those who did not answer, ${listed(differences)}. ${association}`;
}

function groupedSentence({ rows, question, tests }: Found, told: readonly Comparison[]): string {
  const name = [...bands].reverse().find((one) => told.some(({ band }) => band === one)) ?? 'promoter';
  const promoters = told.filter(({ band }) => band === name);
  const clear = promoters
    .filter(({ q }) => q !== null && q <= 0.05)
    .sort((one, other) => Math.abs(other.difference ?? 0) - Math.abs(one.difference ?? 0));
  const side = (found: readonly Comparison[]) => {
    const [most] = found;
    if (!most) return { count: 0, example: '' };
    const group = groupName(most, question) || `'${most.survey}'`;
    return {
      count: found.length,
      example: ` (${found.length > 1 ? 'most in ' : ''}${group}: ${tenths(100 * Math.abs(most.difference ?? 0))} points)`,
    };
  };
  const text = tallySentence({
    opening: `In the ${question.window_days} days after the ${landmarkDays} in which they could answer,`,
    more: {
      claim: `${name}s stayed more often than those who did not answer`,
      ...side(clear.filter(({ difference }) => (difference ?? 0) > 0)),
    },
    less: {
      claim: `${name}s stayed less often than those who did not answer`,
      again: 'less often',
      ...side(clear.filter(({ difference }) => (difference ?? 0) < 0)),
    },
    none: `no difference between ${name}s and those who did not answer was found`,
    told: promoters.length,
    noun: groupsTold(rows, promoters.length, question),
    tests,
  });
  return clear.length > 0 ? `${text} ${association}` : text;
}
