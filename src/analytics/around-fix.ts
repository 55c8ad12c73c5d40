import { Type } from 'typebox';
import { readBounds } from '../db/period.ts';
import type { Client } from '../db/pool.ts';
import { badParameter } from '../errors.ts';
import type { Question } from './question.ts';
import { when } from './schemas.ts';

const dayMs = 86_400_000;

/** The two periods that the effect of a fix is told from: [from, fixed_at) and [fixed_at, to). */
export interface AroundFix {
  from: Date;
  fixed_at: Date;
  to: Date;
  /** How long each of the two is; 0 where no whole day of responses is known since the fix. */
  days: number;
}

/**
 * How a question is asked about a fix.
 * @param recorded what tells of it unless `fixed_at` does: `resolved_at of the problem`
 */
export const aroundFixQuery = (recorded: string) => ({
  fixed_at: when(`When it was fixed; the ${recorded} unless given.`),
  days: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1825,
      default: 90,
      description: 'How long each of the two periods is; shorter where responses are not known for so long after.',
    }),
  ),
});

/** Periods are half-open, so that one which ends here holds what happened at the moment itself. */
export const justAfter = (moment: Date) => new Date(moment.getTime() + 1);

/**
 * The periods before and after a fix: as long as was asked, or as responses are known after it.
 * @param fix what the caller gave as `fixed_at`, what is recorded, and what to say where there is neither
 * @throws ApiError 400 without a date of the fix, and for one that is out of range
 */
export async function aroundFix(
  client: Client,
  { responses_through, state }: Question,
  fix: { given: string | undefined; recorded: Date | null; days: number; missing: string },
): Promise<AroundFix> {
  const fixed_at = fix.given === undefined ? fix.recorded : await readMoment(client, state.time_zone, fix.given);
  if (!fixed_at) throw badParameter('fixed_at', 'no_fix_date', fix.missing);
  const passed = responses_through
    ? Math.floor((justAfter(responses_through).getTime() - fixed_at.getTime()) / dayMs)
    : 0;
  const days = Math.max(0, Math.min(fix.days, passed));
  const away = (sign: number) => new Date(fixed_at.getTime() + sign * days * dayMs);
  return { from: away(-1), fixed_at, to: away(1), days };
}

async function readMoment(client: Client, timeZone: string, given: string): Promise<Date> {
  const { fixed_at } = await readBounds(client, timeZone, { fixed_at: given });
  const at = fixed_at ? new Date(fixed_at.at) : null;
  if (!at || at.getTime() < Date.parse('1900-01-01T00:00:00Z') || at.getTime() > Date.now() + dayMs)
    throw badParameter('fixed_at', 'out_of_range', 'fixed_at lies between 1900 and tomorrow.');
  return at;
}

/** The warning where the periods are shorter than was asked. */
export const shortened = ({ days }: AroundFix, asked: number): string[] =>
  days < asked
    ? [`Responses are known for ${days} of the ${asked} days after the fix, so both periods are ${days} days long.`]
    : [];
