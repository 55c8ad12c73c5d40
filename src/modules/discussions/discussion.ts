import { Type } from 'typebox';
import type { Client } from '../../db/pool.ts';
import { type FieldError, invalid } from '../../errors.ts';
import { CalendarDate, Uuid } from '../../http/schemas.ts';
import { declareNoun, type GivenOf, text } from '../../managed/declare.ts';

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
  { goals, unit, discussed_on }: GivenOf<typeof discussions>,
): Promise<undefined> {
  const [found] = await client.rows<{ missing: string[]; no_unit: boolean; to_come: boolean }>(
    `select array(
         select place from unnest($1::text[]) with ordinality as named(id, place)
         where not exists (select from goals g where g.id::text = named.id) order by place
       )::text[] as missing,
       $2::text is not null and not exists (select from units where key = $2) as no_unit,
       $3::date > (now() at time zone (select time_zone from settings))::date as to_come`,
    [goals, unit, discussed_on],
  );
  const errors: FieldError[] = (found?.missing ?? []).map((place) => ({
    pointer: `/goals/${Number(place) - 1}`,
    code: 'not_there',
    detail: `There is no goal '${goals[Number(place) - 1]}'. GET /v1/goals lists them.`,
  }));
  if (found?.no_unit)
    errors.push({
      pointer: '/unit',
      code: 'not_there',
      detail: `There is no unit '${unit}'. GET /v1/units lists them.`,
    });
  if (found?.to_come)
    errors.push({
      pointer: '/discussed_on',
      code: 'in_the_future',
      detail: 'What was discussed lies behind, not ahead.',
    });
  if (errors[0]) throw invalid(errors[0].detail, errors);
}
