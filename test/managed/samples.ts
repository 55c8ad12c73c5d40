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

/** By the names of their tables. */
export const samples: Record<string, Sample> = {
  behaviours: { changes: { family: 'service' }, clears: { field: 'description', from: 'Nobody is sent.' } },
  behaviour_observations: {
    changes: { rating: 5 },
    clears: { field: 'employee', from: 'E-7' },
    before: (api) => api.facts('units', [{ key: 'store-12', name: 'Store 12' }]),
    other: (at) => ({ note: `Seen ${at} times.` }),
  },
  moments: { changes: { name: 'Arrival' }, clears: { field: 'owner', from: 'Ines' } },
  mile_markers: { changes: { name: 'Calls answered' }, clears: { field: 'owner', from: 'Ines' } },
  vision_checks: {
    changes: { asked_by: 'Otto' },
    clears: { field: 'note', from: 'Asked what it means for the night shift.' },
    other: (at) => ({ asked_on: `2026-03-${10 + at}` }),
  },
  problems: { changes: { name: 'Slow delivery' }, clears: { field: 'owner', from: 'Ines' } },
};
