import { discussions } from '../../src/modules/discussions/discussion.ts';
import { goals } from '../../src/modules/goals/goal.ts';
import type { Api } from '../support/api.ts';

/** What the test of all managed nouns has to know of one. */
export interface Sample {
  /** Fields to change, and what they are changed to. */
  changes: Record<string, unknown>;
  /** A field that null clears, with a value that it may have before; undefined where none can be cleared. */
  clears?: { field: string; from: unknown };
  /** Makes what must be there before one can be made. */
  before?: (api: Api) => Promise<void>;
  /** What of the example must differ in each of several. The key is seen to. */
  other?: (at: number) => Record<string, unknown>;
}

const place = async (api: Api) => {
  await api.facts('units', [{ key: 'store-12', name: 'Harbour Street' }]);
  await api.send('POST', '/v1/moments', { key: 'check-in', name: 'Check-in' });
};

/** What the example of a goal names. */
export const milestones = async (api: Api) => {
  for (const key of ['nps', 'retention'])
    await api.send('POST', '/v1/mile-markers', { key, name: key, source: 'readings', cadence: 'month' });
};

/** The goal that the example of a discussion names. */
const goalOfDiscussion = async (api: Api) => {
  await milestones(api);
  const { body } = await api.send('POST', '/v1/goals', goals.example);
  await api.db.write((client) =>
    client.rows('update goals set id = $1 where id = $2', [String(Object(discussions.example).goals[0]), body.id]),
  );
};

/** By the names of their tables. */
export const samples: Record<string, Sample> = {
  behaviours: { changes: { family: 'service' }, clears: { field: 'description', from: 'Nobody is sent.' } },
  behaviour_observations: {
    changes: { rating: 5 },
    clears: { field: 'employee', from: 'E-7' },
    before: (api) => api.facts('units', [{ key: 'store-12', name: 'Store 12' }]),
    other: (at) => ({ note: `Seen ${at} times.` }),
  },
  goals: {
    changes: { target: 40 },
    clears: { field: 'declared_status', from: 'on_track' },
    before: milestones,
    other: (at) => ({ name: `Fewer detractors ${at}` }),
  },
  discussions: {
    changes: { actions: 'Call them all.' },
    clears: { field: 'place', from: 'Monday stand-up' },
    before: goalOfDiscussion,
    other: (at) => ({ note: `The meeting number ${at}.` }),
  },
  moments: { changes: { name: 'Arrival' }, clears: { field: 'owner', from: 'Ines' } },
  mile_markers: { changes: { name: 'Calls answered' }, clears: { field: 'owner', from: 'Ines' } },
  alignment_reviews: {
    changes: { owner: 'Otto' },
    clears: { field: 'evidence', from: 'The interview guide.' },
    other: (at) => ({ evidence: `Page ${at}.` }),
  },
  visions: {
    changes: { statement: 'Every guest leaves happier than they came.' },
    clears: { field: 'present_state', from: 'Guests wait.' },
    other: (at) => ({ future_state: `Nobody waits longer than ${5 - at} minutes.` }),
  },
  vision_checks: {
    changes: { asked_by: 'Otto' },
    clears: { field: 'note', from: 'Asked what it means for the night shift.' },
    other: (at) => ({ asked_on: `2026-03-${10 + at}` }),
  },
  obstacles: {
    changes: { title: 'No printer' },
    clears: { field: 'owner', from: 'Ines' },
    before: place,
    other: (at) => ({ title: `Printer ${at} jams` }),
  },
  suggestions: {
    changes: { text: 'Print them at night.' },
    clears: { field: 'moment', from: 'check-in' },
    before: place,
    other: (at) => ({ text: `Print them ${at} hours before.` }),
  },
  empowerment_actions: {
    changes: { given: 'A free dinner' },
    clears: { field: 'follow_up_avoided', from: false },
    before: place,
    other: (at) => ({ given: `${at} free nights` }),
  },
  problems: { changes: { name: 'Slow delivery' }, clears: { field: 'owner', from: 'Ines' } },
};
