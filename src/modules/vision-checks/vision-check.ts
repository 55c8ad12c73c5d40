import { type Static, Type } from 'typebox';
import type { Client } from '../../db/pool.ts';
import { CalendarDate, closed, Id, nullable, Uuid } from '../../http/schemas.ts';
import { declareNoun, type GivenOf, text } from '../../managed/declare.ts';
import { requireDayPast, wrongField } from '../../managed/field-rules.ts';
import { requireReferences } from '../../managed/references.ts';

/** What is asked unless the answers name their questions. */
const usualQuestions = ['What is our vision?', 'What does it mean?', 'How do you contribute?'] as const;

const Answer = closed({
  question: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 300,
      description: `As it was asked. Left out, the first three answers are those to: ${usualQuestions.join(' ')}`,
    }),
  ),
  clear: Type.Boolean({ description: 'The employee could say it without searching for words.' }),
  consistent: Type.Boolean({ description: 'What was said fits the vision, and what others say of it.' }),
});

export const visionChecks = declareNoun({
  table: 'vision_checks',
  one: 'vision_check',
  called: ['a vision check', 'vision checks'],
  tag: 'Visions',
  description:
    'An employee was asked about the vision on a day. It does not say who: only whether each answer was clear, and consistent with the vision.',
  key: 'id',
  required: {
    asked_on: Type.String({ ...CalendarDate, description: 'The day on which the employee was asked.' }),
    answers: Type.Array(Answer, { minItems: 1, maxItems: 20, description: 'One for each question that was asked.' }),
  },
  optional: {
    unit: nullable(Type.String({ ...Id, description: 'Where the employee works: the key of a unit.' })),
    vision: nullable(
      Type.String({
        ...Uuid,
        description:
          'The id of the vision that was asked about. Left out, it is the one that was current at the end of that day, or else the one that is now; null where none was published.',
      }),
    ),
    asked_by: text(128, 'Who asked.'),
    note: text(4000, 'What was learned from it. Do not name the employee.'),
  },
  derived: { consistent: Type.Boolean({ description: 'Every answer was clear and consistent.' }) },
  time: 'asked_on',
  filters: ['unit', 'vision'],
  example: {
    asked_on: '2026-03-04',
    asked_by: 'Ines',
    answers: [
      { question: usualQuestions[0], clear: true, consistent: true },
      { question: usualQuestions[1], clear: true, consistent: true },
      { question: usualQuestions[2], clear: true, consistent: false },
    ],
  },
});

type Check = GivenOf<typeof visionChecks>;
type GivenAnswer = Static<typeof Answer>;

/**
 * The answers with their questions written out.
 * @throws ApiError 422 for an answer whose question nobody can tell, and for a question that was answered twice
 */
function withQuestions(answers: readonly GivenAnswer[]): Required<GivenAnswer>[] {
  const whole = answers.map((answer, at) => {
    const question = answer.question?.trim() || usualQuestions[at];
    if (question === undefined)
      throw wrongField(
        `/answers/${at}/question`,
        'required',
        `Only the first ${usualQuestions.length} answers may leave out their question. Say what was asked.`,
      );
    return { ...answer, question };
  });
  for (const [at, { question }] of whole.entries())
    if (whole.findIndex((one) => one.question === question) < at)
      throw wrongField(
        `/answers/${at}/question`,
        'asked_twice',
        `'${question}' has an answer already: each question has one.`,
      );
  return whole;
}

/** The vision that was current at the end of a day in the reporting time zone, or else the one that is now. */
async function visionOf(client: Client, day: string): Promise<string | null> {
  const [found] = await client.rows<{ id: string }>(
    `select v.id from visions v, settings s,
       lateral (select (v.published_at at time zone s.time_zone)::date <= $1::date as was_there) then_
     where v.published_at is not null and (then_.was_there or v.superseded_at is null)
     order by then_.was_there desc, v.published_at desc limit 1`,
    [day],
  );
  return found?.id ?? null;
}

/**
 * What the service adds to a vision check: the questions written out, the vision, and whether all of it was consistent.
 * @throws ApiError 422 for an unknown unit or vision, a day that has not come, or answers that do not fit together
 */
export async function completeCheck(
  client: Client,
  check: Check,
  before: Check | undefined,
  sent: Partial<Check>,
): Promise<object> {
  requireDayPast('asked_on', check.asked_on);
  await requireReferences(client, check, before, ['unit', 'vision']);
  const answers = withQuestions(check.answers);
  return {
    answers,
    consistent: answers.every((answer) => answer.clear && answer.consistent),
    ...(!before && sent.vision === undefined && { vision: await visionOf(client, check.asked_on) }),
  };
}
