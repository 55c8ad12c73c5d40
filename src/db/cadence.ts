/**
 * Periods of the calendar, as days: what a mile marker is measured by. A period is named by its first day, such as
 * `2026-03-01`, and ends before the first day of the next one. Days are those of the reporting time zone; what moments
 * they begin at is asked of `readBounds`.
 */

/** How often something is measured. Weeks are those of ISO 8601: they begin on Monday. */
export const cadences = ['day', 'week', 'month', 'quarter', 'year'] as const;
export type Cadence = (typeof cadences)[number];

const dayMs = 86_400_000;
const monthsIn = { month: 1, quarter: 3, year: 12 } as const;

const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);
const firstOf = (year: number, month: number) => dayOf(Date.UTC(year, month, 1));

/** The first day of the period that holds a day. @param day `2026-03-17`, of the years 1000 to 9998 */
export function periodStart(cadence: Cadence, day: string): string {
  const at = new Date(`${day}T00:00:00Z`);
  if (cadence === 'day') return dayOf(at.getTime());
  // Sunday is 0 to JavaScript, and the last day of its week to ISO.
  if (cadence === 'week') return dayOf(at.getTime() - ((at.getUTCDay() + 6) % 7) * dayMs);
  const length = monthsIn[cadence];
  return firstOf(at.getUTCFullYear(), Math.floor(at.getUTCMonth() / length) * length);
}

/** The first day after the period that begins on a day. */
export function periodEnd(cadence: Cadence, start: string): string {
  const at = new Date(`${start}T00:00:00Z`);
  if (cadence === 'day') return dayOf(at.getTime() + dayMs);
  if (cadence === 'week') return dayOf(at.getTime() + 7 * dayMs);
  return firstOf(at.getUTCFullYear(), at.getUTCMonth() + monthsIn[cadence]);
}

/** The day before another one. */
export const dayBefore = (day: string): string => dayOf(Date.parse(`${day}T00:00:00Z`) - dayMs);

/** What a period is called: `2026-03-17`, `2026-W12`, `2026-03`, `2026-Q1`, `2026`. */
export function periodLabel(cadence: Cadence, start: string): string {
  switch (cadence) {
    case 'day':
      return start;
    case 'week':
      return weekLabel(start);
    case 'month':
      return start.slice(0, 7);
    case 'quarter':
      return `${start.slice(0, 4)}-Q${Math.floor((Number(start.slice(5, 7)) - 1) / 3) + 1}`;
    case 'year':
      return start.slice(0, 4);
  }
}

/** ISO 8601: a week belongs to the year of its Thursday, and is counted from the week of the first Thursday. */
function weekLabel(monday: string): string {
  const thursday = new Date(Date.parse(`${monday}T00:00:00Z`) + 3 * dayMs);
  const year = thursday.getUTCFullYear();
  const week = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * dayMs)) + 1;
  return `${year}-W${String(week).padStart(2, '0')}`;
}

/**
 * The first days of the periods that share a day with [from, to), oldest first; where they are more than `most`, the
 * last ones.
 * @param from - a day; null goes back as far as `most` allows
 * @param to - the day before which they begin
 */
export function periodsWithin(cadence: Cadence, from: string | null, to: string, most: number): string[] {
  if (to <= earliest || (from !== null && from >= to)) return [];
  const found: string[] = [];
  for (let start = periodStart(cadence, dayBefore(to)); found.length < most; ) {
    found.push(start);
    if (start <= earliest || (from !== null && start <= from)) break;
    start = periodStart(cadence, dayBefore(start));
  }
  return found.reverse();
}

/** Before this day no period is told: see `readBounds`. */
const earliest = '1000-01-08';
