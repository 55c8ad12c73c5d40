import type { Client } from '../../db/pool.ts';
import type { RatioGroup } from '../../stats/jackknife.ts';
import type { Question } from '../question.ts';
import { fromRows, hashGroups, Statement } from '../sums.ts';

/** What responses are about: a problem that was named, or a theme that no problem names. */
export interface Topic {
  kind: 'problem' | 'theme';
  key: string;
  name: string;
  status: string | null;
}

/** What is summed of the responses of a topic, and of all: `counted` and `churned` are of index responses. */
const sumSql = {
  responses: 'sum(responses)',
  people: 'count(*)',
  customers: 'count(*) filter (where not anonymous)',
  of_customers: 'sum(responses) filter (where not anonymous)',
  detractors: 'sum(detractors)',
  counted: 'sum(counted)',
  counted_people: 'count(*) filter (where counted > 0)',
  churned: 'sum(churned)',
  revenue: 'sum(s.trailing_revenue)',
  without_rate: 'count(*) filter (where s.no_rate > 0)',
  leaving: 'sum(leaving)',
  not_index: 'sum(not_index)',
  not_active: 'sum(not_active)',
  open: 'sum(open)',
} as const;
type SumName = keyof typeof sumSql;
const sumNames = Object.keys(sumSql) as SumName[];
export type Sums = Record<SumName, number>;

/** The sums of a topic by the 32 groups of customers; `all` is every response that was asked about. */
export type SumsByTopic = Map<string, Sums[]>;

export const topicText = (kind: string, key: string) => `${kind} ${key}`;
export const everything = topicText('all', '');

/**
 * Gives the statements of a snapshot the memory to group what they read: with the server's usual 4 MB they sort it on
 * disk.
 */
export const withMemory = (client: Client) => client.rows(`select set_config('work_mem', '64MB', true)`);

/** The problems that are not archived. */
export const readProblems = (client: Client): Promise<Topic[]> =>
  client.rows<Topic>(
    `select 'problem' as kind, key, name, status from problems where archived_at is null order by key`,
  );

const asked = (statement: Statement, question: Question, columns: string) => {
  const { from, where } = fromRows(statement, question);
  return `asked as materialized (select c.response_id, c.respondent, c.hash_group,
      c.revenue_state = 'anonymous' as anonymous, c.themes ${columns} from ${from} where ${where})`;
};

/** Each response that was asked about, once for each of its topics and once for `all`; the themes are in the parameter. */
const topics = (themes: string) => `topics as (
    select 'all' as kind, '' as key, response_id from asked
    union all
    select 'problem', m.problem, m.response_id from problem_responses m
    join problems p on p.key = m.problem and p.archived_at is null
    union all
    select 'theme', theme, a.response_id from asked a cross join unnest(a.themes) as theme
    where theme = any(${themes}::text[])
  )`;

/** The themes of most responses that no problem names. Reads every response that is asked about. */
export async function readUnnamedThemes(client: Client, question: Question, most: number): Promise<Topic[]> {
  const statement = new Statement();
  return client.rows<Topic>(
    `with ${asked(statement, question, '')}
     select 'theme' as kind, theme as key, theme as name, null as status
     from asked cross join unnest(themes) as theme
     where not exists (select from problems p where p.archived_at is null and theme = any(p.themes))
     group by theme order by count(*) desc, theme limit ${statement.param(most)}`,
    statement.parameters,
  );
}

/**
 * Sums the responses of each topic, people by people: so that a customer's revenue counts once a topic, however many
 * responses it gave. Reads every response that is asked about.
 */
export async function readSums(client: Client, question: Question, themes: readonly Topic[]): Promise<SumsByTopic> {
  const statement = new Statement();
  const state = (name: string) => `count(*) filter (where a.retention_state = '${name}')`;
  const rows = await client.rows<Record<SumName, number> & { kind: string; key: string; hash_group: number }>(
    `with ${asked(statement, question, ', c.band, c.retention_state, c.retained')},
     ${topics(statement.param(themes.map(({ key }) => key)))},
     people as (
       select t.kind, t.key, a.hash_group, a.respondent, a.anonymous, count(*) as responses,
         count(*) filter (where a.band = 'detractor') as detractors, ${state('counted')} as counted,
         count(*) filter (where a.retention_state = 'counted' and not a.retained) as churned,
         ${state('leaving')} as leaving, ${state('not_index')} as not_index, ${state('not_active')} as not_active,
         ${state('window_open')} as open
       from topics t join asked a on a.response_id = t.response_id
       group by t.kind, t.key, a.hash_group, a.respondent, a.anonymous
     )
     select kind, key, p.hash_group, ${sumNames.map((name) => `coalesce(${sumSql[name]}, 0)::float8 as ${name}`).join(', ')}
     from people p left join customer_standing s on s.customer_id = p.respondent and not p.anonymous
     group by kind, key, p.hash_group`,
    statement.parameters,
  );
  const found: SumsByTopic = new Map();
  for (const { kind, key, hash_group, ...sums } of rows) {
    const groups = found.get(topicText(kind, key)) ?? noSums();
    groups[hash_group] = sums;
    found.set(topicText(kind, key), groups);
  }
  return found;
}

export const noSums = (): Sums[] =>
  Array.from({ length: hashGroups }, () => Object.fromEntries(sumNames.map((name) => [name, 0])) as Sums);

export const total = (sums: readonly Sums[], name: SumName) => sums.reduce((all, group) => all + group[name], 0);

/** How many responses of a topic, or of all, lie in two periods of equal length, by the 32 groups of customers. */
export interface InPeriods {
  recent: number[];
  before: number[];
  recent_people: number;
  before_people: number;
}

/** Counts the responses of each topic in [from, middle) and [middle, to). Reads every response of the two periods. */
export async function readPeriods(
  client: Client,
  question: Question,
  middle: Date,
  themes: readonly Topic[],
): Promise<{ counts: Map<string, InPeriods>; everybody_once: boolean }> {
  const statement = new Statement();
  const columns = `, c.answered_at >= ${statement.param(middle)}::timestamptz as recent`;
  const rows = await client.rows<{
    kind: string;
    key: string;
    hash_group: number;
    recent: boolean;
    n: number;
    people: number;
    everybody_once: boolean;
  }>(
    `with ${asked(statement, question, columns)}, ${topics(statement.param(themes.map(({ key }) => key)))},
     people as (
       select t.kind, t.key, a.hash_group, a.recent, a.respondent, count(*) as n
       from topics t join asked a on a.response_id = t.response_id
       group by t.kind, t.key, a.hash_group, a.recent, a.respondent
     )
     select kind, key, hash_group, recent, sum(n)::int8 as n, count(*) as people,
       (select count(*) = count(distinct respondent) from asked) as everybody_once
     from people group by kind, key, hash_group, recent`,
    statement.parameters,
  );
  const counts = new Map<string, InPeriods>();
  for (const { kind, key, hash_group, recent, n, people } of rows) {
    const held = counts.get(topicText(kind, key)) ?? noPeriods();
    counts.set(topicText(kind, key), held);
    const period = recent ? ('recent' as const) : ('before' as const);
    held[period][hash_group] = n;
    held[`${period}_people`] += people;
  }
  return { counts, everybody_once: rows[0]?.everybody_once ?? true };
}

export const noPeriods = (): InPeriods => ({
  recent: Array<number>(hashGroups).fill(0),
  before: Array<number>(hashGroups).fill(0),
  recent_people: 0,
  before_people: 0,
});

/** Numerators over denominators, group by group. */
export const ratios = (numerators: readonly number[], denominators: readonly number[]): RatioGroup[] =>
  numerators.map((numerator, at) => ({ numerator, denominator: denominators[at] ?? 0 }));
