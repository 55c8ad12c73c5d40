import { Type } from 'typebox';
import type { Client } from '../../db/pool.ts';
import { type FieldError, refuse } from '../../errors.ts';
import { Id, nullable } from '../../http/schemas.ts';
import { declareNoun, type GivenOf, moment, momentOrNow, type RowOf, text } from '../../managed/declare.ts';
import { unknownReferences } from '../../managed/references.ts';
import { momentOfStatus, outOfRange, requireStep, type Steps } from '../../managed/status.ts';

const statuses = ['raised', 'accepted', 'fixing', 'fixed', 'declined'] as const;

export const obstacles = declareNoun({
  table: 'obstacles',
  one: 'obstacle',
  called: ['an obstacle', 'obstacles'],
  tag: 'Employee voice',
  description: 'What keeps employees from serving customers well.',
  key: 'id',
  required: { title: Type.String({ minLength: 1, maxLength: 200, description: 'What is in the way.' }) },
  optional: {
    description: text(4000, 'When it happens, and what it does to customers.'),
    moment: nullable(
      Type.String({
        ...Id,
        description:
          'The moment of truth at which customers feel it, by its key. Null where it is felt everywhere; then the effect of its fix cannot be told.',
      }),
    ),
    unit: nullable(Type.String({ ...Id, description: 'The unit that has it.' })),
    raised_by: text(128, 'Who raised it, as you name people. Null where nobody is to be named.'),
    severity: Type.Enum(['low', 'medium', 'high', 'critical'], {
      default: 'medium',
      description: 'How much it hurts the service.',
    }),
    status: Type.Enum([...statuses], { default: 'raised', description: 'How far it is.' }),
    declined_reason: text(4000, 'Why it stays; there exactly while the status is `declined`.'),
    owner: text(128, 'Who sees to it.'),
    raised_at: momentOrNow('When it was raised; now unless given.'),
    fixed_at: moment(
      'When it was fixed; there exactly while the status is `fixed`. Now, unless given with the status. The effect of the fix is measured from it.',
    ),
  },
  time: 'raised_at',
  filters: ['status', 'severity', 'moment', 'unit', 'owner', 'raised_by'],
  example: {
    title: 'The printer at the desk jams',
    description: 'Guests wait for their key card while somebody runs to the office.',
    moment: 'check-in',
    unit: 'store-12',
    raised_by: 'Ines',
    severity: 'high',
  },
});

type Obstacle = GivenOf<typeof obstacles>;
type Status = (typeof statuses)[number];

/** A fix that did not hold is worked on again; what was declined may be accepted after all. */
const steps: Steps<Status> = {
  raised: ['accepted', 'fixing', 'fixed', 'declined'],
  accepted: ['fixing', 'fixed', 'declined'],
  fixing: ['accepted', 'fixed', 'declined'],
  fixed: ['fixing'],
  declined: ['accepted'],
};

/**
 * The rules of an obstacle: what it refers to is there, its status leads on, a fix has its date, and a refusal its
 * reason.
 * @returns the columns that follow from the status
 * @throws ApiError 409 for a step that the status does not allow, 422 for the rest
 */
export async function completeObstacle(
  client: Client,
  row: Obstacle,
  before: RowOf<typeof obstacles> | undefined,
  sent: Partial<Obstacle>,
): Promise<Partial<Obstacle>> {
  requireStep(steps, before?.status, row.status);
  const fixed_at = momentOfStatus({
    one: 'an obstacle',
    field: 'fixed_at',
    statuses: ['fixed'],
    status: row.status,
    given: sent.fixed_at,
    held: before?.fixed_at,
  });
  const errors: FieldError[] = [
    ...outOfRange('raised_at', row.raised_at),
    ...(await unknownReferences(client, row, before, ['moment', 'unit'])),
  ];
  const wrong = (pointer: string, code: string, detail: string) => errors.push({ pointer, code, detail });
  if (fixed_at && fixed_at < row.raised_at)
    wrong('/fixed_at', 'before_raised', `It was raised on ${row.raised_at.toISOString()}, and is not fixed before.`);
  const isDeclined = row.status === 'declined';
  if (isDeclined && row.declined_reason === null)
    wrong('/declined_reason', 'required', 'Say why it is declined, so that those who raised it know.');
  if (!isDeclined && sent.declined_reason != null)
    wrong('/declined_reason', 'not_declined', "Only an obstacle of the status 'declined' has a declined_reason.");
  refuse(errors);
  return { fixed_at, declined_reason: isDeclined ? row.declined_reason : null };
}
