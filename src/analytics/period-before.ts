import { type Bound, readBounds } from '../db/period.ts';
import type { Client } from '../db/pool.ts';
import { badParameter } from '../errors.ts';

/** A period whose both ends are known. */
export interface Span {
  from: Bound;
  to: Bound;
}

/** The first moment that bounds of periods may have: see `readBounds`. */
const earliest = Date.UTC(1000, 0, 1);

/**
 * The period just before another one and as long: as many months where both ends begin a month, else as much time.
 */
export async function periodBefore(client: Client, time_zone: string, { from, to }: Span): Promise<Span> {
  const { before } = await readBounds(client, time_zone, { before: startBefore(from, to) });
  return { from: before ?? from, to: from };
}

function startBefore(from: Bound, to: Bound): string {
  const length = Date.parse(to.at) - Date.parse(from.at);
  const start = new Date(Math.max(earliest, Date.parse(from.at) - length)).toISOString();
  if (from.month === null || to.month === null) return start;
  const [first, end] = [monthNumber(from.month), monthNumber(to.month)];
  const month = Math.max(12_000, first - (end - first));
  return `${String(Math.floor(month / 12)).padStart(4, '0')}-${String((month % 12) + 1).padStart(2, '0')}-01`;
}

/** Months since the year 0 of the first day of one. */
const monthNumber = (day: string) => 12 * Number(day.slice(0, 4)) + Number(day.slice(5, 7)) - 1;

/**
 * The period to compare with: as given, else the one before.
 * @throws ApiError 400 where it is empty, half given, or shares time with the other one
 */
export async function readPeriodBefore(
  client: Client,
  time_zone: string,
  now: Span,
  given: { before_from?: string; before_to?: string },
): Promise<Span> {
  if (given.before_from === undefined && given.before_to === undefined) return periodBefore(client, time_zone, now);
  if (given.before_from === undefined)
    throw badParameter(
      'before_from',
      'period_without_start',
      'Say with before_from where the period that ends with before_to begins.',
    );
  const { from, to } = await readBounds(client, time_zone, {
    from: given.before_from,
    to: given.before_to ?? null,
  });
  const before = { from: from ?? now.from, to: to ?? now.from };
  if (before.from.at >= before.to.at)
    throw badParameter(
      'before_to',
      'empty_period',
      'The period before is empty: `before_to` is after `before_from`, and is not part of the period itself.',
    );
  if (before.to.at > now.from.at && before.from.at < now.to.at)
    throw badParameter(
      'before_to',
      'periods_overlap',
      'The two periods share time, so that a response would be in both: let before_to be no later than from.',
    );
  return before;
}

/** The bounds of a question that must have both. */
export function spanOf({ from, to }: { from: Bound | null; to: Bound | null }): Span {
  if (!from) throw badParameter('from', 'period_without_start', 'Say with from where the period begins.');
  if (!to) throw badParameter('to', 'period_without_end', 'Say with to where the period ends.');
  return { from, to };
}
