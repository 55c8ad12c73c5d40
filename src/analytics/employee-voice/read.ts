import type { Client } from '../../db/pool.ts';
import { unitsBelow } from '../../db/unit-tree.ts';
import { converted } from '../../outcomes/definition.ts';
import type { Question } from '../question.ts';
import { Statement } from '../sums.ts';

/** What the employees' voice can be grouped by. */
export const voiceGroupings = ['unit', 'month'] as const;
type VoiceGrouping = (typeof voiceGroupings)[number];

/** What is asked beside the usual. */
export interface VoiceQuestion extends Omit<Question, 'group_by'> {
  group_by: VoiceGrouping[];
  /** The moment as of which everything is looked at. */
  now: Date;
}

/** What every one of them has: its groups, and who it is of; null where nobody is named. */
interface Voiced {
  groups: (string | null)[];
  by: string | null;
}

interface MadeSuggestion extends Voiced {
  answered: boolean;
  incorporated: boolean;
  /** From when it was made to its first answer, or to now. */
  days: number;
}

interface RaisedObstacle extends Voiced {
  fixed: boolean;
  declined: boolean;
  /** From when it was raised to its fix, or to now, also where it was declined: that one is never fixed. */
  days: number;
}

interface TakenAction extends Voiced {
  within_limit: boolean | null;
  follow_up_avoided: boolean | null;
  /** In the reporting currency; null where none is known. */
  value: number | null;
  /** It has a value, but no exchange rate is known for its day. */
  no_rate: boolean;
}

/** What employees said and did, and how many rows of each kind are archived. */
export interface Voice {
  suggestions: MadeSuggestion[];
  obstacles: RaisedObstacle[];
  actions: TakenAction[];
  archived: { suggestions: number; obstacles: number; empowerment_actions: number };
}

type Row = { archived: boolean; by: string | null; group_1?: string | null; group_2?: string | null };

const groupSql: Record<VoiceGrouping, (began: string) => string> = {
  unit: () => 'e.unit',
  month: (began) => `to_char(${began} at time zone $1, 'YYYY-MM')`,
};

/**
 * Reads the rows of one table whose time lies in the period, by its index, and no later than now. They are as many as
 * people wrote, so each is read.
 */
async function readRows<T extends object>(
  client: Client,
  question: VoiceQuestion,
  { relation, began, by, columns }: { relation: string; began: string; by: string; columns: string },
): Promise<{ rows: (T & Voiced)[]; archived: number }> {
  const { state, filters, from, to, group_by, now } = question;
  const statement = new Statement();
  // `converted` knows them as $1 and $2; the cast tells their type where it is not used.
  const timeZone = statement.param(state.time_zone);
  const currency = statement.param(state.currency);
  const conditions = [
    `${timeZone}::text is not null and ${currency}::text is not null`,
    `${began} <= ${statement.param(now)}::timestamptz`,
  ];
  if (filters.unit !== undefined) conditions.push(`e.unit in ${unitsBelow(statement.param(filters.unit))}`);
  if (from) conditions.push(`${began} >= ${statement.param(from.at)}::timestamptz`);
  if (to) conditions.push(`${began} < ${statement.param(to.at)}::timestamptz`);
  const groups = group_by.map((name, at) => `, ${groupSql[name](began)} as group_${at + 1}`).join('');
  const found = await client.rows<Row & T>(
    `select e.archived_at is not null as archived, e.${by} as by, ${columns} ${groups}
     from ${relation} e where ${conditions.join(' and ')}`,
    statement.parameters,
  );
  const rows = found
    .filter(({ archived }) => !archived)
    .map((row) => ({ ...row, groups: group_by.map((_, at) => (at === 0 ? row.group_1 : row.group_2) ?? null) }));
  return { rows, archived: found.length - rows.length };
}

const daysBetween = (from: Date, to: Date) => (to.getTime() - from.getTime()) / 86_400_000;

/** Reads what employees said and did in the period, as it stands now. */
export async function readVoice(client: Client, question: VoiceQuestion): Promise<Voice> {
  const { now } = question;
  const suggestions = await readRows<{ status: string; made_at: Date; answered_at: Date | null }>(client, question, {
    relation: 'suggestions',
    began: 'e.made_at',
    by: 'by',
    columns: 'e.status, e.made_at, e.answered_at',
  });
  const obstacles = await readRows<{ status: string; raised_at: Date; fixed_at: Date | null }>(client, question, {
    relation: 'obstacles',
    began: 'e.raised_at',
    by: 'raised_by',
    columns: 'e.status, e.raised_at, e.fixed_at',
  });
  const actions = await readRows<Omit<TakenAction, keyof Voiced>>(client, question, {
    // The names that `converted` reads an amount by.
    relation: '(select a.*, a.value as amount, a.acted_at as occurred_at from empowerment_actions a)',
    began: 'e.occurred_at',
    by: 'by',
    columns: `e.within_limit, e.follow_up_avoided, (${converted})::float8 as value,
      e.amount is not null and ${converted} is null as no_rate`,
  });
  return {
    suggestions: suggestions.rows.map(({ groups, by, status, made_at, answered_at }) => ({
      groups,
      by,
      answered: answered_at !== null,
      incorporated: status === 'incorporated',
      days: daysBetween(made_at, answered_at ?? now),
    })),
    obstacles: obstacles.rows.map(({ groups, by, status, raised_at, fixed_at }) => ({
      groups,
      by,
      fixed: fixed_at !== null,
      declined: status === 'declined',
      days: daysBetween(raised_at, fixed_at ?? now),
    })),
    actions: actions.rows,
    archived: {
      suggestions: suggestions.archived,
      obstacles: obstacles.archived,
      empowerment_actions: actions.archived,
    },
  };
}
