import { type Bound, readBounds, requireForward } from '../db/period.ts';
import type { Client, Database } from '../db/pool.ts';
import { badParameter } from '../errors.ts';
import { type Dimension, dimensions } from '../outcomes/cells.ts';
import { completeThrough, type RefreshState, readState } from '../outcomes/collect.ts';
import { refreshBeforeAnswer, type Waiting } from '../outcomes/refresh.ts';
import { windowOf } from '../outcomes/windows.ts';

/** What rows can be grouped by, besides the survey, which always keeps its rows apart. */
export const periods = ['month', 'quarter', 'year'] as const;
export type Period = (typeof periods)[number];
export type Grouping = Dimension | Period;
export const groupings: readonly Grouping[] = [...dimensions, ...periods];

/** The parameters of a question, as they come from the address. */
export interface QuestionParameters extends Partial<Record<Dimension, string>> {
  survey?: string;
  group_by?: string;
  from?: string;
  to?: string;
  window_days?: number;
  as_of?: string;
  min_n?: number;
}

/** A question with its defaults filled in, and what the service knows that bears on it. */
export interface Question {
  survey: string | null;
  filters: Partial<Record<Dimension, string>>;
  group_by: Grouping[];
  from: Bound | null;
  to: Bound | null;
  /** Null: as far as each dataset is complete. */
  as_of: string | null;
  window_days: number;
  min_n: number;
  state: RefreshState;
  /** Through when responses are complete; null before the first one. */
  responses_through: Date | null;
  /** Customers (or, while facts are still looked at, facts) that are not worked out yet. */
  pending: number;
  /** The settings were changed since, so what is kept was still worked out with the old ones. */
  outdated: boolean;
  /** Readers without the scope `personal` do not see groups of fewer people than this. */
  fewest_people: number;
}

const fewestPeople = 5;

/**
 * Reads `group_by=segment,month`: one or two different groupings, at most one of them a period.
 * @throws ApiError 400 that names what may be given
 */
export function readGroupBy<G extends string>(text: string | undefined, allowed: readonly G[]): G[] {
  const names = text === undefined ? [] : text.split(',').map((name) => name.trim());
  const all = allowed.join(', ');
  const found = names.map((name) => {
    const grouping = allowed.find((one) => one === name);
    if (grouping !== undefined) return grouping;
    throw badParameter('group_by', 'unknown_grouping', `group_by is one or two of ${all}; '${name}' is none of them.`);
  });
  if (found.length > 2 || new Set(found).size < found.length || found.filter(isPeriod).length > 1) {
    const periodic = allowed.filter(isPeriod).length > 1 ? ', at most one of them a period' : '';
    throw badParameter('group_by', 'bad_grouping', `group_by names one or two different ones of ${all}${periodic}.`);
  }
  return found;
}

export const isPeriod = (grouping: string): grouping is Period => periods.some((period) => period === grouping);

/**
 * Fills in the defaults of a question and checks what needs the database: that the window is kept, the survey exists,
 * the period runs forward.
 * @throws ApiError 400 with the parameter and the cure.
 */
export async function prepareQuestion(
  db: Database,
  given: QuestionParameters,
  reader: { personal: boolean },
): Promise<Question> {
  const waiting = await refreshBeforeAnswer(db);
  return db.read((client) => readQuestion(client, given, reader, waiting));
}

const nothingWaits: Waiting = { facts: 0, respondents: 0, customers: 0, moved: false, outdated: false };

/**
 * The same without bringing what is kept up to date first, which the caller has done: `waiting` is what that left.
 * @param known the state to read it with, where the caller has another than that of the outcomes
 * @throws ApiError 400 with the parameter and the cure.
 */
export async function readQuestion(
  client: Client,
  given: QuestionParameters,
  reader: { personal: boolean },
  waiting = nothingWaits,
  known?: RefreshState,
): Promise<Question> {
  const group_by = readGroupBy(given.group_by, groupings);
  const state = known ?? (await readState(client));
  const bounds = await readBounds(client, state.time_zone, {
    from: given.from ?? null,
    to: given.to ?? null,
    as_of: given.as_of ?? null,
  });
  requireForward(bounds);
  const window_days = windowOf(state.windows_days, given.window_days);
  if (given.survey !== undefined) await requireSurvey(client, given.survey);
  const filters: Partial<Record<Dimension, string>> = {};
  for (const dimension of dimensions) if (given[dimension] !== undefined) filters[dimension] = given[dimension];
  return {
    survey: given.survey ?? null,
    filters,
    group_by,
    from: bounds.from,
    to: bounds.to,
    as_of: bounds.as_of?.at ?? null,
    window_days,
    min_n: given.min_n ?? 10,
    state,
    responses_through: (await completeThrough(client)).get('responses') ?? null,
    pending: Math.max(waiting.respondents, waiting.customers) + waiting.facts,
    outdated: waiting.outdated,
    fewest_people: reader.personal ? 0 : fewestPeople,
  };
}

/**
 * Makes sure that what an answer needs is known by then, such as `Revenue`.
 * @throws ApiError 400 with the cure for an `as_of` after the moment through which it is known
 */
export function requireKnown(what: string, as_of: Date, through: Date): void {
  if (as_of <= through) return;
  throw badParameter(
    'as_of',
    'not_complete',
    `${what} is known through ${through.toISOString()} only. Ask as of then, or say that the data goes further with PUT /v1/datasets/.../complete-through.`,
  );
}

async function requireSurvey(client: Client, survey: string): Promise<void> {
  const [found] = await client.rows('select from surveys where key = $1', [survey]);
  if (found) return;
  const known = await client.rows<{ key: string }>('select key from surveys order by key limit 50');
  const names = known.map(({ key }) => key).join(', ');
  throw badParameter(
    'survey',
    'unknown_survey',
    `There is no survey '${survey}'. ${names ? `There are: ${names}.` : 'None was sent yet.'}`,
  );
}

/** The parameters as the answer repeats them, with every default filled in. */
export function shownParameters(question: Question, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    survey: question.survey,
    ...question.filters,
    group_by: question.group_by,
    from: question.from?.at ?? null,
    to: question.to?.at ?? null,
    ...more,
    min_n: question.min_n,
    time_zone: question.state.time_zone,
  };
}
