import type { Static } from 'typebox';
import type { Author } from '../../db/audit.ts';
import { recordEvents } from '../../db/events.ts';
import { updateManaged } from '../../db/managed.ts';
import type { Client } from '../../db/pool.ts';
import { conflict, invalidField } from '../../errors.ts';
import {
  type Closing,
  closings,
  type FollowUpRow,
  type FollowUpState,
  followUpEvent,
  followUpStates,
} from '../../outcomes/follow-ups.ts';
import { noun } from './queries.ts';
import type { FollowUpStep } from './schemas.ts';

type Step = Static<typeof FollowUpStep>;

/** The column that keeps when a state was reached. */
const momentOf = {
  open: 'opened_at',
  acknowledged: 'acknowledged_at',
  contacted: 'contacted_at',
  solution_offered: 'solution_offered_at',
  closed: 'closed_at',
} as const satisfies Record<FollowUpState, keyof FollowUpRow>;

/** How a follow-up without a contact can end: nobody was won back or satisfied by what did not happen. */
const closingsWithoutContact: readonly Closing[] = ['unreachable', 'lost'];

/**
 * The steps that a state allows: to every later one, since whoever calls at once has acknowledged it too. How it can be
 * closed depends on whether the customer was reached. What is closed stays closed; a new response opens a new one.
 */
function stepsFrom(state: FollowUpState): { states: FollowUpState[]; closings: readonly Closing[] } {
  const at = followUpStates.indexOf(state);
  const states = followUpStates.slice(at + 1);
  const wasReached = at >= followUpStates.indexOf('contacted');
  return { states, closings: states.length === 0 ? [] : wasReached ? closings : closingsWithoutContact };
}

/** The allowed steps in words. */
function allowed(state: FollowUpState): string {
  const steps = stepsFrom(state);
  if (steps.states.length === 0) return 'It is closed, and no step leads on. A new response opens a new one.';
  const words = steps.states.map((one) => (one === 'closed' ? `closed (as ${steps.closings.join(', ')})` : one));
  return `It is ${state}; allowed are: ${words.join(', ')}.`;
}

/**
 * Takes a follow-up that was read under a lock a step forward. Steps that are left out on the way to a contact or an
 * offer were taken at the same moment.
 * @throws ApiError 409 for a step that its state does not allow, naming those that it does; 422 for a step that
 * contradicts itself
 */
export async function takeStep(client: Client, before: FollowUpRow, step: Step, author: Author): Promise<FollowUpRow> {
  const { state, closed_as = null, closing_note = null } = step;
  const steps = stepsFrom(before.state);
  if (!steps.states.includes(state))
    throw conflict('step_not_allowed', `It cannot go to '${state}'. ${allowed(before.state)}`);
  if (state !== 'closed' && closed_as !== null)
    throw invalidField('/closed_as', 'not_closed', 'Is said where it is closed, and nowhere else.');
  if (state !== 'closed' && closing_note !== null)
    throw invalidField('/closing_note', 'not_closed', 'Is said where it is closed, and nowhere else.');
  if (state === 'closed' && closed_as === null)
    throw invalidField('/closed_as', 'required', `Say how it ended: ${steps.closings.join(', ')}.`);
  if (closed_as !== null && !steps.closings.includes(closed_as))
    throw conflict(
      'step_not_allowed',
      `It cannot be closed as '${closed_as}' without a contact. ${allowed(before.state)}`,
    );

  const now = new Date();
  const at = step.at === undefined ? now : new Date(step.at);
  const latest = before[momentOf[before.state]] ?? before.opened_at;
  if (step.at !== undefined && (at > now || at < latest))
    throw invalidField('/at', 'not_in_between', `Lies between the step before (${latest.toISOString()}) and now.`);

  const reached = state === 'closed' ? ['closed' as const] : followUpStates.slice(1, followUpStates.indexOf(state) + 1);
  const moments = reached.filter((one) => before[momentOf[one]] === null).map((one) => [momentOf[one], at] as const);
  const changes = { state, closed_as, closing_note, ...Object.fromEntries(moments) };
  const after = await updateManaged(client, noun, before, changes, author, state);
  if (state === 'closed') await recordEvents(client, [followUpEvent('closed', after)]);
  return after;
}
