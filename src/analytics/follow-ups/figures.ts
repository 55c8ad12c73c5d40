import { closings } from '../../outcomes/follow-ups.ts';
import type { Share } from '../../stats/intervals.ts';
import { shareDifference } from '../../stats/shares.ts';
import { kaplanMeier, medianSurvival } from '../../stats/survival.ts';
import { withQ } from '../../stats/tests.ts';
import { type AnswerRow, rounded } from '../answer.ts';
import { contrastColumns, figureColumns as figure, rateColumns } from '../columns.ts';
import type { GroupKey } from '../sums.ts';
import type { MeasuredFollowUp } from './read.ts';

/** Whom a row is about: all, or those whose customer was reached by the first due time, and those whose was not. */
export const contacts = ['all', 'contacted', 'not_contacted'] as const;
type Contact = (typeof contacts)[number];

/** The follow-ups of one row of the answer. */
export interface Part extends GroupKey {
  contact: Contact;
  rows: MeasuredFollowUp[];
}

/** The rows of the answer: each group as a whole, and of those that were due the contacted and the others. */
export function partsOf(rows: readonly MeasuredFollowUp[]): Part[] {
  const found = new Map<string, MeasuredFollowUp[]>();
  for (const row of rows) {
    const key = JSON.stringify(row.groups);
    const held = found.get(key);
    if (held) held.push(row);
    else found.set(key, [row]);
  }
  return [...found.values()].flatMap((all) => {
    const due = all.filter(({ is_due }) => is_due);
    const key = { survey: '', groups: all[0]?.groups ?? [] };
    return [
      { ...key, contact: 'all' as const, rows: all },
      { ...key, contact: 'contacted' as const, rows: due.filter((row) => row.contacted_in_time) },
      { ...key, contact: 'not_contacted' as const, rows: due.filter((row) => !row.contacted_in_time) },
    ];
  });
}

export const peopleIn = ({ rows }: Part) => new Set(rows.map(({ customer_id }) => customer_id)).size;

/** How many of those of whom it is known. */
function shareOf(rows: readonly MeasuredFollowUp[], known: (row: MeasuredFollowUp) => boolean | null): Share {
  const values = rows.map(known).filter((value) => value !== null);
  return { successes: values.filter(Boolean).length, n: values.length };
}

/** What is compared between the contacted and the others. */
export const rates = {
  save_rate: ({ saved }) => saved,
  rescue_rate: ({ rescued }) => rescued,
  win_back_rate: ({ bought_again }) => bought_again,
} as const satisfies Record<string, (row: MeasuredFollowUp) => boolean | null>;
export type Rate = keyof typeof rates;

export const rateOf = (part: Part, rate: Rate): Share => shareOf(part.rows, rates[rate]);

const inTime = {
  contacted_in_time_rate: (row: MeasuredFollowUp) => (row.is_due ? row.contacted_in_time : null),
  closed_in_time_rate: (row: MeasuredFollowUp) => (row.is_due ? row.closed_in_time : null),
};
export const inTimeOf = (part: Part, rate: keyof typeof inTime): Share => shareOf(part.rows, inTime[rate]);

/**
 * The median time to a contact or to the closing, in hours; follow-ups still without one count for as long as they were
 * followed.
 */
export function medianHours(part: Part, what: 'contact' | 'close') {
  const rows = part.rows.map((row) => ({ duration: row[what].hours, event: row[what].happened, count: 1 }));
  return medianSurvival(kaplanMeier(rows));
}

/**
 * The figures of a row. `isHidden`: all are null, for readers who may not see people. Otherwise counts are told, and
 * other figures where they rest on at least `min_n` follow-ups.
 */
export function figuresOf(part: Part, isHidden: boolean, min_n: number): AnswerRow {
  const { rows, contact } = part;
  const count = (is: (row: MeasuredFollowUp) => boolean) => (isHidden ? null : rows.filter(is).length);
  const rate = (name: string, known: (row: MeasuredFollowUp) => boolean | null) =>
    rateColumns(name, isHidden ? null : shareOf(rows, known), min_n);
  const isTold = !isHidden && rows.length >= min_n;
  const nothing = { median: null, low: null, high: null };
  const toContact = isTold && contact === 'all' ? medianHours(part, 'contact') : nothing;
  const toClose = isTold ? medianHours(part, 'close') : nothing;
  const revenue = rows.reduce((sum, { revenue_won_back }) => sum + (revenue_won_back ?? 0), 0);
  // Of the contacted it is all of them, and of the others none, by what they are.
  const contactedInTime = contact === 'all' ? inTime.contacted_in_time_rate : () => null;
  return {
    follow_ups: count(() => true),
    not_closed: count(({ close }) => !close.happened),
    ...Object.fromEntries(closings.map((one) => [one, count(({ closed_as }) => closed_as === one)])),
    ...rate('contacted_in_time_rate', contactedInTime),
    ...rate('closed_in_time_rate', inTime.closed_in_time_rate),
    ...figure('hours_to_contact', toContact.median, toContact.low, toContact.high),
    ...figure('hours_to_close', toClose.median, toClose.low, toClose.high),
    ...rate('save_rate', rates.save_rate),
    ...rate('rescue_rate', rates.rescue_rate),
    ...rate('win_back_rate', rates.win_back_rate),
    revenue_won_back: isTold ? rounded(revenue) : null,
    promises: count(({ promised }) => promised),
    ...rate('promises_kept_rate', ({ promise_kept }) => promise_kept),
  };
}

/** The contacted of a group against the others, in one rate. */
interface FollowUpComparison extends GroupKey {
  measure: Rate;
  difference: number | null;
  low: number | null;
  high: number | null;
  p: number | null;
  q: number | null;
}

/** Compares the contacted with the others wherever both are told; `q` allows for all of these comparisons. */
export function compareContacts(told: readonly Part[], min_n: number): FollowUpComparison[] {
  const found = told.flatMap((part) => {
    if (part.contact !== 'contacted') return [];
    const key = JSON.stringify(part.groups);
    const others = told.find((one) => one.contact === 'not_contacted' && JSON.stringify(one.groups) === key);
    if (!others) return [];
    return (Object.keys(rates) as Rate[]).flatMap((measure) => {
      const [first, second] = [rateOf(part, measure), rateOf(others, measure)];
      if (first.n < min_n || second.n < min_n) return [];
      const difference = shareDifference(first, second);
      const { survey, groups } = part;
      return difference ? [{ survey, groups, measure, ...difference }] : [];
    });
  });
  return withQ(found);
}

export const comparisonColumns = (comparison: FollowUpComparison): AnswerRow => ({
  measure: comparison.measure,
  contact: 'contacted',
  against: 'not_contacted',
  ...contrastColumns(comparison),
});
