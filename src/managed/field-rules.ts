import { invalid } from '../errors.ts';

/** As `invalidField`, where what is wrong is the code of the whole problem too. */
export const wrongField = (pointer: string, code: string, detail: string) =>
  invalid(detail, [{ pointer, code, detail }], code);

const dayMs = 86_400_000;

/**
 * Makes sure that something happened on a day: not before 1900, and not later than tomorrow in UTC, since a new day may
 * have begun somewhere.
 * @throws ApiError 422
 */
export function requireDayPast(field: string, day: string): void {
  const tomorrow = new Date(Date.now() + dayMs).toISOString().slice(0, 10);
  if (day < '1900-01-01' || day > tomorrow)
    throw wrongField(`/${field}`, 'out_of_range', `${field} is a day from 1900-01-01 to today.`);
}
