import { Type } from 'typebox';
import type { Client } from '../../db/pool.ts';
import { type FieldError, invalid } from '../../errors.ts';
import { Id, Instant, Key } from '../../http/schemas.ts';
import { declareNoun, type GivenOf, text } from '../../managed/declare.ts';

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
    observed_at: Type.Unsafe<Date>({ ...Instant, description: 'When it was seen.' }),
  },
  optional: {
    note: text(4000, 'What was seen, in words.'),
    observed_by: text(128, 'Who saw it.'),
    employee: text(
      128,
      'Whose behaviour it was, where that is kept. Answers do not tell one employee from another, since a ranking of people sets them against each other.',
    ),
  },
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

const dayMs = 86_400_000;
const earliest = Date.parse('1900-01-01T00:00:00Z');

type Given = GivenOf<typeof observations>;

/**
 * Makes sure that what an observation refers to is there and that its time can be. What a correction leaves as it was is
 * not looked at again: a behaviour may have been archived since.
 * @throws ApiError 422 for an unknown or archived behaviour, an unknown unit, a time before 1900 or after tomorrow
 */
export async function requireKnown(client: Client, given: Given, before: Given | undefined): Promise<undefined> {
  const errors: FieldError[] = [];
  const refuse = (pointer: string, code: string, detail: string) => errors.push({ pointer, code, detail });
  const { behaviour, unit, observed_at } = given;
  if (behaviour !== before?.behaviour) {
    const [found] = await client.rows<{ archived: boolean }>(
      'select archived_at is not null as archived from behaviours where key = $1',
      [behaviour],
    );
    if (!found)
      refuse(
        '/behaviour',
        'unknown_behaviour',
        `There is no behaviour '${behaviour}': GET /v1/behaviours lists them, POST /v1/behaviours makes one.`,
      );
    else if (found.archived)
      refuse(
        '/behaviour',
        'archived_behaviour',
        `The behaviour '${behaviour}' is archived: nobody observes it any more. GET /v1/behaviours lists those in use.`,
      );
  }
  if (unit !== before?.unit) {
    const [found] = await client.rows('select from units where key = $1', [unit]);
    if (!found)
      refuse(
        '/unit',
        'unknown_unit',
        `There is no unit '${unit}': GET /v1/units lists them, PUT /v1/units/{key} adds one.`,
      );
  }
  if (observed_at.getTime() < earliest || observed_at.getTime() > Date.now() + dayMs)
    refuse('/observed_at', 'out_of_range', 'observed_at lies between 1900 and tomorrow.');
  if (errors[0]) throw invalid(errors[0].detail, errors);
}
