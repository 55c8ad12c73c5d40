import { Type } from 'typebox';
import type { Client } from '../../db/pool.ts';
import { type FieldError, refuse } from '../../errors.ts';
import { CalendarDate, Uuid } from '../../http/schemas.ts';
import { declareNoun, type GivenOf, text } from '../../managed/declare.ts';
import { requireDayPast } from '../../managed/field-rules.ts';
import { unknownReferences } from '../../managed/references.ts';

export const discussions = declareNoun({
  table: 'discussions',
  one: 'discussion',
  called: ['a discussion of goals', 'discussions of goals'],
  tag: 'Goals',
  description: 'Where goals were talked about: they must be visible and discussed regularly.',
  key: 'id',
  required: {
    discussed_on: Type.String({ ...CalendarDate, description: 'The day, in the reporting time zone.' }),
    goals: Type.Array(Uuid, { minItems: 1, maxItems: 50, uniqueItems: true, description: 'Which goals.' }),
  },
  optional: {
    place: text(200, "Where: 'Monday stand-up', 'team board of the north'."),
    unit: text(128, 'The unit that talked; null for the whole company.'),
    actions: text(4000, 'What was agreed.'),
    note: text(4000, 'What was said.'),
  },
  time: 'discussed_on',
  filters: ['unit', 'discussed_on'],
  example: {
    discussed_on: '2026-03-02',
    goals: ['0197a3c8-5b1e-7cc4-9d3a-2f1b6f0d8e11'],
    place: 'Monday stand-up',
    actions: 'Call everybody on the list by Thursday.',
  },
});

/** @throws ApiError 422 for a goal or unit that is not there, and for a day to come */
export async function requireDiscussable(
  client: Client,
  given: GivenOf<typeof discussions>,
  before: GivenOf<typeof discussions> | undefined,
): Promise<undefined> {
  const { goals, discussed_on } = given;
  requireDayPast('discussed_on', discussed_on);
  const missing = await client.rows<{ place: number }>(
    `select place::int4 - 1 as place from unnest($1::text[]) with ordinality as named(id, place)
     where not exists (select from goals g where g.id::text = named.id) order by place`,
    [goals],
  );
  const errors: FieldError[] = missing.map(({ place }) => ({
    pointer: `/goals/${place}`,
    code: 'unknown_goal',
    detail: `There is no goal '${goals[place]}'. GET /v1/goals lists them.`,
  }));
  errors.push(...(await unknownReferences(client, given, before, ['unit'])));
  refuse(errors);
}
