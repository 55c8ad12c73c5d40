/** A string format: its check, and what it is in words. */
interface Format {
  validate: (text: string) => boolean;
  sentence: string;
}

const daysOfMonth = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** The two digits at `at`, or NaN. Unlike Number() it takes neither signs nor spaces, and it does not cut the string. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

const isDash = (text: string, at: number) => text.charCodeAt(at) === 45;
const isColon = (text: string, at: number) => text.charCodeAt(at) === 58;

/** Whether a string begins with a day that the calendar has, from the year 1 on: PostgreSQL knows no year 0. */
function beginsWithDay(text: string): boolean {
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  if (
    !(year >= 1 && month >= 1 && day >= 1 && day <= (daysOfMonth[month] ?? 0)) ||
    !isDash(text, 4) ||
    !isDash(text, 7)
  )
    return false;
  return month !== 2 || day !== 29 || (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0));
}

/** Whether a string is a day of the calendar, `2026-02-28`. */
export const isCalendarDate = (text: string): boolean => text.length === 10 && beginsWithDay(text);

/**
 * Whether a string is a moment in RFC 3339: a real day, a time to the second at least, an offset. Stricter than the
 * RFC's letter: capital T and Z, no hour 24, no leap second (neither JavaScript nor PostgreSQL can hold one), at most
 * nine decimals, offsets up to 14:59, and the year has four digits in UTC too.
 */
export function isTimestamp(text: string): boolean {
  if (text.length < 20 || text.length > 35 || text.charCodeAt(10) !== 84 || !beginsWithDay(text)) return false;
  if (!(twoDigits(text, 11) <= 23 && twoDigits(text, 14) <= 59 && twoDigits(text, 17) <= 59)) return false;
  if (!isColon(text, 13) || !isColon(text, 16)) return false;
  let at = 19;
  if (text.charCodeAt(at) === 46) {
    const first = ++at;
    while (text.charCodeAt(at) >= 48 && text.charCodeAt(at) <= 57) at++;
    if (at === first || at - first > 9) return false;
  }
  if (text.charCodeAt(at) === 90) return text.length === at + 1;
  const sign = text.charCodeAt(at);
  if (text.length !== at + 6 || (sign !== 43 && sign !== 45) || !isColon(text, at + 3)) return false;
  if (!(twoDigits(text, at + 1) <= 14 && twoDigits(text, at + 4) <= 59)) return false;
  const atAnEnd = text.startsWith('9999-12-31') || text.startsWith('0001-01-01');
  return !atAnEnd || [1, 9999].includes(new Date(text).getUTCFullYear());
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The formats that schemas may name. Both validators know these and no others. */
export const formats: Record<string, Format> = {
  'date-time': {
    validate: isTimestamp,
    sentence:
      'a moment that exists, as RFC 3339 writes it: 2026-03-01T09:30:00Z, or with an offset 2026-03-01T10:30:00.250+01:00',
  },
  date: { validate: isCalendarDate, sentence: 'a day of the calendar, such as 2026-03-01' },
  /** For periods: a day begins at its midnight in the reporting time zone. */
  'date-or-time': {
    validate: (text) => isCalendarDate(text) || isTimestamp(text),
    sentence: 'a day such as 2026-03-01, or a moment such as 2026-03-01T09:30:00Z',
  },
  uuid: { validate: (text) => uuid.test(text), sentence: 'a UUID, such as 0197a3c8-5b1e-7cc4-9d3a-2f1b6f0d8e11' },
};
