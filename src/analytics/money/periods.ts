/** Periods of whole months. A month is a number, the months since year 0, so that they can be added. */

/** How long a period is, in months. */
const lengths = { month: 1, quarter: 3, year: 12, trailing_year: 12 } as const;
/** The kinds of periods: of the calendar, or the 12 months that end where the data does. */
export const periodKinds = Object.keys(lengths) as (keyof typeof lengths)[];
export type PeriodKind = keyof typeof lengths;

export const baseKinds = ['year_before', 'previous'] as const;
export type BaseKind = (typeof baseKinds)[number];

/** How many periods are told where nobody says from when. */
const usual: Record<PeriodKind, number> = { month: 12, quarter: 8, year: 3, trailing_year: 1 };
/** How many periods one answer tells at most. */
export const mostPeriods = 36;

/** A period and the one that it is held against, both half-open. */
export interface Period {
  label: string;
  from: number;
  to: number;
  base_from: number;
  base_to: number;
}

/** `2026-03-01` as a month. */
export const monthOf = (date: string): number => Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1;

const yearOf = (month: number) => String(Math.floor(month / 12)).padStart(4, '0');
const monthText = (month: number) => `${yearOf(month)}-${String((month % 12) + 1).padStart(2, '0')}`;

/** A month as the date of its first day, `2026-03-01`. */
export const dateOf = (month: number): string => `${monthText(month)}-01`;

/** `2026-03`, `2026-Q1`, `2026`, `2025-11 to 2026-10` */
export function labelOf(kind: PeriodKind, from: number): string {
  if (kind === 'month') return monthText(from);
  if (kind === 'quarter') return `${yearOf(from)}-Q${Math.floor((from % 12) / 3) + 1}`;
  if (kind === 'year') return yearOf(from);
  return `${monthText(from)} to ${monthText(from + 11)}`;
}

/**
 * The periods that lie within [from, to), oldest first, and end no later than `complete`. Periods of the calendar begin
 * where the calendar says; trailing years are laid backwards from the end.
 * @param first the first month that anything is known of: without `from`, no period is told whose base lies before it
 * @returns null for more than `mostPeriods`.
 */
export function periodsOf(asked: {
  by: PeriodKind;
  against: BaseKind;
  from: number | null;
  to: number | null;
  complete: number;
  first: number;
}): Period[] | null {
  const { by, against, from, complete, first } = asked;
  const length = lengths[by];
  const back = against === 'previous' ? length : 12;
  const end = Math.min(asked.to ?? complete, complete);
  const last = by === 'trailing_year' ? end : Math.floor(end / length) * length;
  const earliest = from ?? Math.max(last - usual[by] * length, first + back - length + 1);
  const count = Math.max(0, Math.floor((last - earliest) / length));
  if (count > mostPeriods) return null;
  return Array.from({ length: count }, (_, at) => {
    const start = last - (count - at) * length;
    return {
      label: labelOf(by, start),
      from: start,
      to: start + length,
      base_from: start - back,
      base_to: start - back + length,
    };
  });
}

/** What the base period is called. */
export function baseName(by: PeriodKind, against: BaseKind): string {
  if (lengths[by] === 12) return 'in the 12 months before';
  return against === 'previous' ? `in the ${by} before` : `in the same ${by} a year before`;
}

/** `In 2026-03`, `In the 12 months from 2025-11 to 2026-10` */
export const inPeriod = (by: PeriodKind, { label }: Period): string =>
  by === 'trailing_year' ? `In the 12 months from ${label}` : `In ${label}`;
