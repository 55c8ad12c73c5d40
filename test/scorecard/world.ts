import type { Api } from '../support/api.ts';

/** Readings of a mile marker, by month: so many of so many. */
export async function readingsOf(
  api: Api,
  mile_marker: string,
  months: Record<string, [numerator: number, denominator: number]>,
  unit?: string,
): Promise<void> {
  await api.facts(
    'readings',
    Object.entries(months).map(([month, [numerator, denominator]]) => ({
      mile_marker,
      period_start_on: `${month}-01`,
      numerator,
      denominator,
      ...(unit !== undefined && { unit }),
    })),
  );
}

export const answeredCalls = {
  key: 'answered_calls',
  name: 'Calls answered within three rings',
  source: 'readings',
  cadence: 'month',
  unit_of_measure: 'share',
  interval_kind: 'proportion',
};

/** A goal that passes the three tests. */
export const goodGoal = {
  name: 'Answer in time',
  mile_marker: 'answered_calls',
  direction: 'increase_to',
  starts_on: '2026-01-01',
  ends_on: '2026-12-31',
  baseline: 0.5,
  target: 0.8,
  owner: 'Ines',
  behaviours: ['keep-your-word'],
  guard_mile_markers: ['recalls'],
  outcome_mile_marker: 'stayed',
  gaming_risk: 'Hanging up on those who wait.',
};

const share = { source: 'readings', cadence: 'month', unit_of_measure: 'share', interval_kind: 'proportion' };

/** The mile markers that the goal names. */
export async function markersOf(api: Api): Promise<void> {
  const recalls = { key: 'recalls', name: 'Calls again within a week', direction: 'lower_is_better', ...share };
  for (const marker of [answeredCalls, recalls, { key: 'stayed', name: 'Customers who stayed', ...share }]) {
    const made = await api.send('POST', '/v1/mile-markers', marker);
    if (made.status !== 201) throw new Error(made.text);
  }
}

/** Makes a goal and publishes it. */
export async function publishGoal(api: Api, goal: object): Promise<{ id: string; etag: string }> {
  const made = await api.send('POST', '/v1/goals', goal);
  if (made.status !== 201) throw new Error(made.text);
  const published = await api.send('POST', `/v1/goals/${made.body.id}/publish`, {}, { 'if-match': '"v1"' });
  if (published.status !== 200) throw new Error(published.text);
  return { id: made.body.id, etag: String(published.headers.etag) };
}
