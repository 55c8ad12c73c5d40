import assert from 'node:assert/strict';
import { at, type Row, response, type World } from '../support/world.ts';

/** What an answer says of its responses: the group's columns and how many there are, over all bands. */
export async function counts(world: World, path: string, query: Record<string, string>): Promise<string[]> {
  const { data } = await world.ask(path, query);
  const names = (query.group_by ?? '').split(',').filter((name) => name !== '');
  const found = new Map<string, number>();
  for (const row of data) {
    const name = [row.survey, ...names.map((one) => row[one] ?? '-')].join(' ');
    found.set(name, (found.get(name) ?? 0) + row.responses);
  }
  return [...found].map(([name, n]) => `${name}: ${n}`);
}

const paths = ['analytics/scores', 'outcomes/revenue', 'outcomes/referrals', 'outcomes/retention'];

/** Asserts the same counts of scores, which come from cells by month, and of all outcomes. */
export async function assertCounts(world: World, query: Record<string, string>, expected: string[]): Promise<void> {
  for (const path of paths)
    assert.deepEqual(await counts(world, path, query), expected, `${path} ${JSON.stringify(query)}`);
}

const facts: Row[] = [
  response({
    id: '1',
    customer_id: 'A',
    unit: 'store-1',
    segment: 'smb',
    region: 'north',
    channel: 'email',
    moment: 'call',
    themes: ['price'],
    answered_at: '2022-01-10T12:00:00Z',
  }),
  response({
    id: '2',
    customer_id: 'B',
    unit: 'store-2',
    segment: 'smb',
    region: 'south',
    channel: 'web',
    moment: 'call',
    themes: ['price', 'staff'],
    answered_at: '2022-02-10T12:00:00Z',
  }),
  response({
    id: '3',
    customer_id: 'C',
    unit: 'city',
    segment: 'big',
    region: 'north',
    channel: 'email',
    score: 3,
    themes: ['staff'],
    answered_at: '2022-04-10T12:00:00Z',
  }),
  response({ id: '4', customer_id: 'D', segment: null, region: null, score: 2, answered_at: '2022-12-31T12:00:00Z' }),
  response({
    id: '5',
    customer_id: 'E',
    survey: 'csat',
    score: 5,
    unit: 'elsewhere',
    segment: 'smb',
    answered_at: '2023-01-01T00:00:00Z',
  }),
];

/** Four responses to the survey `nps` and one to `csat`, in units, segments, regions and so on. */
export async function fill(world: World): Promise<void> {
  await world.facts('surveys', [{ key: 'csat', name: 'Satisfied?', kind: 'csat' }]);
  await world.facts('units', [
    { key: 'company', name: 'Company' },
    { key: 'city', name: 'City', parent: 'company' },
    { key: 'store-1', name: 'Store 1', parent: 'city' },
    { key: 'store-2', name: 'Store 2', parent: 'company' },
  ]);
  await world.facts('customers', [{ id: 'D', region: 'west' }]);
  await world.facts('responses', facts);
  await world.complete(at(800));
}
