import assert from 'node:assert/strict';
import type { AnyRow, Dataset } from '../../src/datasets/declare.ts';
import { datasets } from '../../src/datasets/registry.ts';
import type { Client } from '../../src/db/pool.ts';
import { mileMarkers } from '../../src/scorecard/mile-markers/mile-marker.ts';
import type { Api } from '../support/api.ts';

export const datasetCalled = (name: string): Dataset =>
  datasets.find((one) => one.name === name) ?? assert.fail(`There is no dataset ${name}.`);

/** The example of a dataset as a sender would send it: without what the service works out. */
export const sentExample = ({ columns, example }: Dataset): AnyRow =>
  Object.fromEntries(Object.entries(example).filter(([name]) => !columns[name]?.derived));

/** Makes the survey `nps`, which the examples of facts name. */
export const withSurvey = (api: Api): Promise<void> => api.facts('surveys', [sentExample(datasetCalled('surveys'))]);

/** Makes the mile marker that the example of a reading names; as it was made, where it is there. */
export async function withMileMarker({ send, db }: Api): Promise<void> {
  await db.write((client) => client.rows(`delete from mile_markers where key = $1`, ['answered_calls']));
  const made = await send('POST', '/v1/mile-markers', mileMarkers.example);
  assert.equal(made.status, 201, made.text);
}

/** How many rows each table of facts and dimensions holds, and how much was logged. */
export async function tableCounts({ db }: Api): Promise<Record<string, number>> {
  const names = [...datasets.map(({ name }) => name), 'audit_log', 'tombstones', 'dirty_respondents'];
  const [row] = await db.read((client) =>
    client.rows<Record<string, number>>(
      `select ${names.map((name) => `(select count(*) from ${name}) as ${name}`).join(', ')}`,
    ),
  );
  return row ?? assert.fail();
}

/** Runs work in a transaction that stays open until it is released. */
export async function heldOpen({ db }: Api, work: (client: Client) => Promise<unknown>) {
  let isOpen = () => {};
  let end = () => {};
  const opened = new Promise<void>((resolve) => {
    isOpen = resolve;
  });
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const done = db.write(async (client) => {
    await work(client);
    isOpen();
    await ended;
  });
  await Promise.race([opened, done]);
  return {
    release: () => {
      end();
      return done;
    },
  };
}
