import { Type } from 'typebox';
import type { Client } from '../../db/pool.ts';
import { invalid } from '../../errors.ts';
import { Id, Key } from '../../http/schemas.ts';
import { declareNoun, type GivenOf, momentOrNow, text } from '../../managed/declare.ts';
import { wrongField } from '../../managed/field-rules.ts';
import { requireReferences } from '../../managed/references.ts';
import { outOfRange } from '../../managed/status.ts';

export const observations = declareNoun({
  table: 'behaviour_observations',
  one: 'behaviour_observation',
  called: ['an observation of a behaviour', 'observations of behaviours'],
  tag: 'Behaviours',
  description: 'Somebody saw how well a behaviour was done in a unit.',
  key: 'id',
  required: {
    behaviour: Type.String({ ...Key, description: 'The behaviour, by its key.' }),
    unit: Type.String({ ...Id, description: 'The unit in which it was seen, by its key.' }),
    rating: Type.Integer({
      minimum: 1,
      maximum: 5,
      description: 'How well it was done: 1 not at all, 2 hardly, 3 partly, 4 well, 5 as an example to others.',
    }),
  },
  optional: {
    observed_at: momentOrNow('When it was seen. Now, unless given.'),
    note: text(4000, 'What was seen, in words.'),
    observed_by: text(128, 'Who saw it.'),
    employee: text(
      128,
      'Whose behaviour it was, where that is kept. Answers do not tell one employee from another, since a ranking of people sets them against each other.',
    ),
  },
  time: 'observed_at',
  filters: ['behaviour', 'unit', 'observed_by', 'employee'],
  example: {
    behaviour: 'keep-your-word',
    unit: 'store-12',
    rating: 4,
    observed_at: '2026-03-02T10:15:00Z',
    note: 'Called back at the promised hour.',
    observed_by: 'Ines',
  },
});

type Given = GivenOf<typeof observations>;

/**
 * Makes sure that what an observation refers to is there and that its time is possible. What a correction leaves as it
 * was is not looked at again: a behaviour may have been archived since.
 * @throws ApiError 422 for an unknown or archived behaviour, an unknown unit, a time before 1900 or after tomorrow
 */
export async function requireKnown(client: Client, given: Given, before: Given | undefined): Promise<undefined> {
  if (given.behaviour !== before?.behaviour) await requireBehaviourInUse(client, given.behaviour);
  await requireReferences(client, given, before, ['unit']);
  const [wrong] = outOfRange('observed_at', given.observed_at);
  if (wrong) throw invalid(wrong.detail, [wrong], wrong.code);
}

async function requireBehaviourInUse(client: Client, behaviour: string): Promise<void> {
  const [found] = await client.rows<{ archived: boolean }>(
    'select archived_at is not null as archived from behaviours where key = $1',
    [behaviour],
  );
  if (!found)
    throw wrongField(
      '/behaviour',
      'unknown_behaviour',
      `There is no behaviour '${behaviour}': GET /v1/behaviours lists them, POST /v1/behaviours makes one.`,
    );
  if (found.archived)
    throw wrongField(
      '/behaviour',
      'archived_behaviour',
      `The behaviour '${behaviour}' is archived: nobody observes it any more. GET /v1/behaviours lists those in use.`,
    );
}
