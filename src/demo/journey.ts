import { type Api, ask, unlessThere } from './api.ts';
import {
  alignmentReviews,
  discussions,
  empowermentActions,
  goals,
  mileMarkers,
  obstacles,
  readings,
  refusedGoal,
  suggestions,
  vision,
} from './journey-texts.ts';
import { randomOf } from './random.ts';

type Row = Record<string, unknown>;
type Made = Row & { id: string };

/** How many requests are under way at once. */
const atOnce = 8;

async function each<T>(all: readonly T[], act: (one: T) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < all.length; at += atOnce) await Promise.all(all.slice(at, at + atOnce).map(act));
}

/**
 * Makes rows that have no key of their own, unless one with the same words is there.
 * @param names the fields that tell one row from another
 * @returns all of them as they are kept, in the order of `rows`
 */
async function makeAll(api: Api, path: string, names: readonly string[], rows: readonly Row[]): Promise<Made[]> {
  const wordsOf = (row: Row) => JSON.stringify(names.map((name) => row[name]));
  const { data } = await ask<{ data: Made[] }>(api, 'GET', `${path}?archived=true&limit=1000`);
  const there = new Map(data.map((row) => [wordsOf(row), row]));
  await each(rows, async (body) => {
    if (there.has(wordsOf(body))) return;
    there.set(wordsOf(body), await ask<Made>(api, 'POST', path, { body }));
  });
  return rows.flatMap((row) => there.get(wordsOf(row)) ?? []);
}

/** Publishes what is a draft. */
const publish = (api: Api, path: string, { id, published_at }: Made, body?: object) =>
  published_at === null
    ? ask(api, 'POST', `${path}/${id}/publish`, { ...(body && { body }), version: '*' })
    : undefined;

/** What colleagues know of the vision: a few are asked each month, and more know it each time. */
function visionChecks(): Row[] {
  const random = randomOf(7);
  return ['2026-01', '2026-02', '2026-03', '2026-04', '2026-05', '2026-06'].flatMap((month, at) =>
    ['north-1', 'coast-1', 'south-1', 'web-eu'].flatMap((unit) =>
      [8, 21].map((day) => ({
        asked_on: `${month}-${String(day).padStart(2, '0')}`,
        ...{ unit, asked_by: 'Lea' },
        answers: [0.9, 0.75, 0.55].map((known) => {
          const consistent = random.chance(known + 0.06 * (at - 3));
          return { clear: consistent || random.chance(0.5), consistent };
        }),
      })),
    ),
  );
}

/** How well behaviours were done where somebody looked. */
function observations(): Row[] {
  const random = randomOf(11);
  return ['north-1', 'coast-2', 'south-3', 'web-eu'].flatMap((unit, at) =>
    ['keep-your-word', 'keep-nobody-waiting', 'listen-actively', 'apologise', 'invite-back', 'be-fair'].map(
      (behaviour, day) => ({
        ...{ behaviour, unit, observed_by: 'Lea' },
        rating: Math.min(5, Math.max(1, Math.round(3.4 + 0.3 * at + random.normal()))),
        observed_at: `2026-0${4 + (day % 3)}-${10 + 4 * at}T10:00:00Z`,
      }),
    ),
  );
}

/** What employees say and do: obstacles, suggestions with their votes, and what they put right on the spot. */
async function hearEmployees(api: Api): Promise<void> {
  await makeAll(api, '/v1/obstacles', ['title'], obstacles);
  const made = await makeAll(
    api,
    '/v1/suggestions',
    ['text'],
    suggestions.map(({ voters: _, ...suggestion }) => suggestion),
  );
  const votes = suggestions.flatMap(({ voters }, at) => voters.map((voter) => `${made[at]?.id}/votes/${voter}`));
  await each(votes, (vote) => ask(api, 'PUT', `/v1/suggestions/${vote}`));
  await makeAll(api, '/v1/empowerment-actions', ['by', 'given'], empowermentActions);
  await makeAll(api, '/v1/behaviour-observations', ['behaviour', 'unit'], observations());
}

/** The goals with what was said of them, and a draft that cannot be published as it is. */
async function setGoals(api: Api): Promise<void> {
  const path = '/v1/goals';
  const rows = [...goals.map(({ goal }) => goal), refusedGoal];
  // One after the other, so that they stand in this order on the scorecard.
  const made: Made[] = [];
  for (const row of rows) made.push(...(await makeAll(api, path, ['name'], [row])));
  for (const [at, { checkIns }] of goals.entries()) {
    const goal = made[at];
    if (!goal) continue;
    await publish(api, path, goal, {});
    const { data } = await ask<{ data: object[] }>(api, 'GET', `${path}/${goal.id}/check-ins`);
    for (const body of checkIns.slice(data.length)) await ask(api, 'POST', `${path}/${goal.id}/check-ins`, { body });
  }
  const talks = discussions(Date.now()).map(({ about, ...talk }) => ({
    ...talk,
    goals: about.flatMap((at) => made[at]?.id ?? []),
  }));
  // They are told from today, so on another day they are other ones: those of the first day stay.
  const { data } = await ask<{ data: object[] }>(api, 'GET', '/v1/discussions?limit=10');
  for (const body of talks.slice(data.length)) await ask(api, 'POST', '/v1/discussions', { body });
}

/**
 * Makes what the company does about its facts: where it wants to go, the mile markers and goals on the way, and what its
 * people say and do. What is there already stays, and after a break it completes what is there.
 */
export async function manageJourney(api: Api): Promise<void> {
  const [current] = await makeAll(api, '/v1/visions', ['statement'], [vision]);
  if (current) await publish(api, '/v1/visions', current);
  await each(mileMarkers, (body) => unlessThere(ask(api, 'POST', '/v1/mile-markers', { body })));
  await ask(api, 'POST', '/v1/readings', { rows: readings });
  await makeAll(api, '/v1/vision-checks', ['asked_on', 'unit'], visionChecks());
  await makeAll(api, '/v1/alignment-reviews', ['question', 'reviewed_on'], alignmentReviews);
  await hearEmployees(api);
  await setGoals(api);
}
