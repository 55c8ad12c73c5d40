import { minorDigits } from '../currencies.ts';
import { isPeriod, type Question } from './question.ts';
import type { GroupKey } from './sums.ts';

const withDigits = (value: number, digits: number) =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** `1,312.40`, with the decimals of the currency; an amount of such a size is never `-0.00`. */
export const amount = (value: number, currency: string) =>
  withDigits(value, minorDigits(currency)).replace(/^-(?=[0.]+$)/, '');
/** `11.0`, without a minus before zero. */
export const tenths = (value: number) => withDigits(value, 1).replace(/^-(?=0\.0$)/, '');
export const percent = (share: number) => `${tenths(100 * share)}%`;
export const counted = (n: number) => n.toLocaleString('en-US');
export const inResponses = (n: number) => `${counted(n)} ${n === 1 ? 'response' : 'responses'}`;

export const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** `a, b and c` */
export const listed = (parts: readonly string[]) =>
  parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;

/** What a group is called after a noun: ` in segment smb`, ` in 2026-03`, ` without a segment`. */
export const inGroup = ({ groups }: GroupKey, { group_by }: Question) =>
  group_by
    .map((name, at) => {
      const value = groups[at] ?? null;
      if (value === null) return ` without a ${name}`;
      return isPeriod(name) ? ` in ${value}` : ` in ${name} ${value}`;
    })
    .join('');

/** What a group is called where the grouping was named before: `smb`, `smb, 2026-03`. */
export const groupName = ({ groups }: GroupKey, { group_by }: Question) =>
  group_by.map((name, at) => groups[at] ?? `no ${name}`).join(', ');

/** The bounds of a period, as a sentence says what it was narrowed to: `answered from 2026-01-01`. */
export const inPeriod = (happened: string, { from, to }: Pick<Question, 'from' | 'to'>): string[] => [
  ...(from ? [`${happened}from ${from.month ?? from.at}`] : []),
  ...(to ? [`${happened}before ${to.month ?? to.at}`] : []),
];

/**
 * A sentence with the moment and what it was narrowed to before it, so that nobody repeats it as if it were about
 * everybody.
 */
export function narrowedTo(text: string, only: readonly string[], as_of: string | null = null): string {
  const scope = [
    ...(as_of === null ? [] : [`as of ${as_of}`]),
    ...(only.length === 0 ? [] : [`only ${only.join(', ')}`]),
  ];
  return scope.length === 0 ? text : `${capital(scope.join(', '))}: ${text}`;
}

/** The sentence of a question about responses: `Only segment smb, answered from 2026-01-01: ...`. */
export const scoped = (text: string, { filters, from, to, as_of }: Question): string =>
  narrowedTo(
    text,
    [...Object.entries(filters).map(([name, value]) => `${name} ${value}`), ...inPeriod('answered ', { from, to })],
    as_of,
  );
