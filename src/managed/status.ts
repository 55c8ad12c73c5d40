import { conflict, type FieldError, invalid } from '../errors.ts';

/** The statuses that each status may be followed by. */
export type Steps<S extends string> = Readonly<Record<S, readonly S[]>>;

/**
 * Makes sure that a status may be followed by another. A new row may have any, and every status may stay.
 * @throws ApiError 409 that names those that may follow
 */
export function requireStep<S extends string>(steps: Steps<S>, before: S | undefined, after: S): void {
  if (before === undefined || before === after || steps[before].includes(after)) return;
  const allowed = steps[before];
  throw conflict(
    'step_not_allowed',
    `It cannot go to '${after}'. It is ${before}; allowed ${allowed.length === 1 ? 'is' : 'are'}: ${allowed.join(', ')}.`,
  );
}

const dayMs = 86_400_000;
const earliest = Date.parse('1900-01-01T00:00:00Z');

/** What is wrong with a moment that must lie between 1900 and tomorrow. */
export function outOfRange(field: string, moment: Date): FieldError[] {
  if (moment.getTime() >= earliest && moment.getTime() <= Date.now() + dayMs) return [];
  return [{ pointer: `/${field}`, code: 'out_of_range', detail: `${field} lies between 1900 and tomorrow.` }];
}

/**
 * The moment that goes with some statuses of a noun, and is there exactly while it has one of them: now where nothing
 * is said of it, and from then on as it was.
 * @param statuses those that have it
 * @param given undefined where the caller says nothing of it
 * @param held what it was before
 * @throws ApiError 422 for a moment that does not fit
 */
export function momentOfStatus({
  one,
  field,
  statuses,
  status,
  given,
  held,
}: {
  one: string;
  field: string;
  statuses: readonly string[];
  status: string;
  given: Date | null | undefined;
  held: Date | null | undefined;
}): Date | null {
  const refuse = (code: string, detail: string) => invalid(detail, [{ pointer: `/${field}`, code, detail }], code);
  const named = statuses.map((each) => `'${each}'`).join(' or ');
  if (!statuses.includes(status)) {
    if (given == null) return null;
    const code = statuses.length === 1 ? `not_${statuses[0]}` : `no_${field}`;
    throw refuse(code, `Only ${one} of the status ${named} has a ${field}; send both together.`);
  }
  if (given === null)
    throw refuse(`${field}_needed`, `${capital(one)} of the status ${named} keeps its ${field}; send another status.`);
  if (given === undefined) return held ?? new Date();
  const [wrong] = outOfRange(field, given);
  if (wrong) throw refuse(wrong.code, wrong.detail);
  return given;
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
