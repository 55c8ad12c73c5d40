import { Type } from 'typebox';
import type { Client } from '../../db/pool.ts';
import { type FieldError, refuse } from '../../errors.ts';
import { Id, nullable, Uuid } from '../../http/schemas.ts';
import { declareNoun, type GivenOf, moment, momentOrNow, type RowOf, text } from '../../managed/declare.ts';
import { unknownReferences } from '../../managed/references.ts';
import { momentOfStatus, outOfRange, requireStep, type Steps } from '../../managed/status.ts';

const statuses = ['new', 'considering', 'incorporated', 'declined'] as const;

export const suggestions = declareNoun({
  table: 'suggestions',
  one: 'suggestion',
  called: ['a suggestion', 'suggestions'],
  tag: 'Employee voice',
  description: 'What an employee would do better, and what was answered.',
  key: 'id',
  required: {
    text: Type.String({
      minLength: 1,
      maxLength: 4000,
      description: 'What should be done, in the words of its author.',
    }),
  },
  optional: {
    by: text(128, 'Who made it, as you name people. Null where nobody is to be named.'),
    moment: nullable(Type.String({ ...Id, description: 'The moment of truth that it is about, by its key.' })),
    unit: nullable(Type.String({ ...Id, description: 'The unit of its author.' })),
    status: Type.Enum([...statuses], {
      default: 'new',
      description: 'What becomes of it: `new` until it is answered, `incorporated` once it is done.',
    }),
    answer: text(4000, 'What its author is told; there exactly while the status is not `new`.'),
    obstacle: nullable(Type.String({ ...Uuid, description: 'The obstacle that was raised from it, by its id.' })),
    made_at: momentOrNow('When it was made; now unless given.'),
    answered_at: moment(
      'When it was first answered; there exactly while the status is not `new`. Now, unless given with the status.',
    ),
  },
  computed: { votes: Type.Integer({ description: 'How many colleagues voted for it.' }) },
  time: 'made_at',
  filters: ['status', 'moment', 'unit', 'by', 'obstacle'],
  example: {
    text: 'Print the key cards before the guests arrive.',
    by: 'Ines',
    moment: 'check-in',
    unit: 'store-12',
  },
});

type Suggestion = GivenOf<typeof suggestions>;
type Status = (typeof statuses)[number];

/** What was answered stays answered; minds may change. */
const steps: Steps<Status> = {
  new: ['considering', 'incorporated', 'declined'],
  considering: ['incorporated', 'declined'],
  incorporated: ['considering'],
  declined: ['considering', 'incorporated'],
};

/**
 * The rules of a suggestion: what it refers to is there, its status leads on, and leaving `new` takes an answer.
 * @returns the columns that follow from the status
 * @throws ApiError 409 for a step that the status does not allow, 422 for the rest
 */
export async function completeSuggestion(
  client: Client,
  row: Suggestion,
  before: RowOf<typeof suggestions> | undefined,
  sent: Partial<Suggestion>,
): Promise<Partial<Suggestion>> {
  requireStep(steps, before?.status, row.status);
  const answered_at = momentOfStatus({
    one: 'a suggestion',
    field: 'answered_at',
    statuses: ['considering', 'incorporated', 'declined'],
    status: row.status,
    given: sent.answered_at,
    held: before?.answered_at,
  });
  const errors: FieldError[] = [
    ...outOfRange('made_at', row.made_at),
    ...(await unknownReferences(client, row, before, ['moment', 'unit', 'obstacle'])),
  ];
  const wrong = (pointer: string, code: string, detail: string) => errors.push({ pointer, code, detail });
  if (answered_at && answered_at < row.made_at)
    wrong('/answered_at', 'before_made', `It was made on ${row.made_at.toISOString()}, and is not answered before.`);
  if (row.status !== 'new' && row.answer === null)
    wrong('/answer', 'required', `Tell its author why it is '${row.status}': send an answer too.`);
  if (row.status === 'new' && row.answer !== null)
    wrong('/answer', 'not_answered', 'An answer comes with what becomes of it: considering, incorporated or declined.');
  refuse(errors);
  return { answered_at };
}
