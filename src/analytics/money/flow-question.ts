import type { Client, Database } from '../../db/pool.ts';
import { badParameter, emptyPeriod } from '../../errors.ts';
import { completeThrough, type RefreshState } from '../../outcomes/collect.ts';
import type { Reader } from '../declare.ts';

import { type CustomerParameters, type CustomerQuestion, prepareCustomerQuestion } from './customer-question.ts';
import { type BaseKind, dateOf, monthOf, mostPeriods, type Period, type PeriodKind, periodsOf } from './periods.ts';

/** The parameters of the questions about revenue from period to period. */
export interface FlowParameters extends CustomerParameters {
  by?: PeriodKind;
  against?: BaseKind;
  /** Months, `2026-03` or `2026-03-01`. */
  from?: string;
  to?: string;
}

/** Such a question, and what the service knows that bears on it. */
export interface FlowQuestion extends CustomerQuestion {
  by: PeriodKind;
  against: BaseKind;
  /** Through when revenue is complete; null where none was sent. */
  through: Date | null;
  periods: Period[];
  /** The first month that is not complete, and is therefore not told. */
  complete: number | null;
  /** The first month with revenue. */
  first: number | null;
  warnings: string[];
}

/**
 * Prepares a question about revenue from period to period: which periods are complete, and what came before them.
 * @throws ApiError 400 for empty periods, more periods than are told, and unknown groups.
 */
export async function prepareFlows(db: Database, given: FlowParameters, reader: Reader): Promise<FlowQuestion> {
  const question = await prepareCustomerQuestion(db, given, reader);
  const { by = 'trailing_year', against = 'year_before' } = given;
  const asked = { from: given.from ? monthOf(given.from) : null, to: given.to ? monthOf(given.to) : null };
  if (asked.from !== null && asked.to !== null && asked.from >= asked.to) throw emptyPeriod();
  return db.read(async (client) => {
    const { through, complete, first } = await readRevenueMonths(client, question.state);
    const told = { ...question, by, against, through, complete, first, warnings: [] };
    if (complete === null || first === null) return { ...told, periods: [] };
    const periods = periodsOf({ by, against, ...asked, complete, first });
    if (!periods)
      throw badParameter('from', 'too_many_periods', `An answer tells ${mostPeriods} periods at most: ask for fewer.`);
    return { ...told, periods, warnings: periodWarnings(periods, { ...asked, complete, first, by }, through) };
  });
}

/** Which months of revenue are known: from the first one with any, up to the first one that is not complete. */
export async function readRevenueMonths(
  client: Client,
  state: RefreshState,
): Promise<Pick<FlowQuestion, 'through' | 'complete' | 'first'>> {
  const through = (await completeThrough(client)).has('revenue_events') ? state.revenue_through : null;
  const [known] = await client.rows<{ complete: string | null; first: string | null }>(
    `select date_trunc('month', $1::timestamptz at time zone $2)::date as complete,
       (select min(month) from customer_months) as first`,
    [through, state.time_zone],
  );
  return {
    through,
    complete: known?.complete ? monthOf(known.complete) : null,
    first: known?.first ? monthOf(known.first) : null,
  };
}

interface Known {
  from: number | null;
  to: number | null;
  complete: number;
  first: number;
  by: PeriodKind;
}

function periodWarnings(periods: Period[], { to, complete, first, by }: Known, through: Date | null): string[] {
  const cut = periods.find(({ base_from, base_to }) => base_from < first && first < base_to);
  // Without `to`, what runs now is never told, and nobody wonders; in periods of the calendar the last one is missed.
  const last = periods.at(-1)?.to ?? complete;
  const isMissed = to === null ? by !== 'trailing_year' && last <= complete : to > complete;
  return [
    ...(isMissed
      ? [
          `Only whole periods are told: from ${dateOf(last)} on none is complete, since revenue is known through ${through?.toISOString()} only.`,
        ]
      : []),
    ...(cut
      ? [
          `Revenue begins in ${dateOf(first).slice(0, 7)}, within the period that ${cut.label} is held against: that base is not whole.`,
        ]
      : []),
  ];
}

/** What is said where no figure can be told. */
export function nothingTold({ through, periods }: FlowQuestion): string {
  if (through === null)
    return 'Nothing can be told of revenue: no revenue events were sent yet. That is not the same as zero.';
  return periods.length === 0
    ? `No complete period was found: revenue is known through ${through.toISOString()} only, and there must be one to hold a period against.`
    : 'Too few customers paid in the period before to tell how much of their revenue stayed.';
}
