import type { Client } from './pool.ts';

/** What times and money are told in, as the settings say now. */
export async function readReporting(client: Client): Promise<{ time_zone: string; currency: string }> {
  const [found] = await client.rows<{ time_zone: string; currency: string }>(
    'select time_zone, currency from settings',
  );
  if (!found) throw new Error('settings has no row; the migrations make it.');
  return found;
}

/** The reporting time zone, an IANA name. */
export const readTimeZone = async (client: Client): Promise<string> => (await readReporting(client)).time_zone;

/** The day of a moment in the reporting time zone. */
export async function readToday(client: Client, now: Date): Promise<string> {
  const [found] = await client.rows<{ today: string }>(
    'select ($1::timestamptz at time zone $2)::date::text as today',
    [now, await readTimeZone(client)],
  );
  if (!found) throw new Error('A statement without a table has one row.');
  return found.today;
}
