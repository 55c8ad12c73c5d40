/** What the tests of mile markers share. */
import assert from 'node:assert/strict';
import { getManaged } from '../../src/db/managed.ts';
import { type MileMarkerRow, mileMarkers } from '../../src/scorecard/mile-markers/mile-marker.ts';
import { readSeries, type Series, type SeriesAsked } from '../../src/scorecard/series.ts';
import type { Api } from '../support/api.ts';
import type { Row } from '../support/world.ts';

/** Makes a mile marker of readings by the month, a proportion, unless the row says otherwise. */
export async function marker({ send }: Pick<Api, 'send'>, key: string, row: Row = {}): Promise<void> {
  const usual = { key, name: key, source: 'readings', cadence: 'month' };
  const proportion = row.source === 'computed' ? {} : { unit_of_measure: 'share', interval_kind: 'proportion' };
  const made = await send('POST', '/v1/mile-markers', { ...usual, ...proportion, ...row });
  assert.equal(made.status, 201, made.text);
}

/** Its series as of a moment. */
export const seriesOf = (
  { db }: Pick<Api, 'db'>,
  key: string,
  { now, ...asked }: Omit<Partial<SeriesAsked>, 'now'> & { now: string },
): Promise<Series> =>
  db.read(async (client) =>
    readSeries(client, await getManaged<MileMarkerRow>(client, mileMarkers, key), {
      unit: null,
      from: null,
      to: null,
      personal: true,
      ...asked,
      now: new Date(now),
    }),
  );

/** Its rows cut down to some columns; figures to six decimals. */
export async function rowsOf(
  api: Pick<Api, 'db'>,
  key: string,
  columns: readonly (keyof Series['rows'][number])[],
  asked: Parameters<typeof seriesOf>[2],
): Promise<unknown[][]> {
  const { rows } = await seriesOf(api, key, asked);
  const six = (value: unknown) => (typeof value === 'number' ? Math.round(value * 1e6) / 1e6 : value);
  return rows.map((row) => columns.map((column) => six(row[column])));
}
