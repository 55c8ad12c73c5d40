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
  detractors: 'sum(detractors)',
  counted: 'sum(counted)',
  counted_people: 'count(*) filter (where counted > 0)',
  churned: 'sum(churned)',
  revenue: 'sum(s.trailing_revenue)',
  without_rate: 'count(*) filter (where s.no_rate > 0)',
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
export const withMemory = (client: Client) => client.rows(`select set_config('work_mem', '128MB', true)`);

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

/**
 * Each response that was asked about, once as topic 0, which is all of them, and once for each of its topics, by their
 * place in the list. Numbers, since millions of them are grouped by.
 */
const numbered = (statement: Statement, topics: readonly Topic[], columns: string) => {
  const [kinds, keys] = (['kind', 'key'] as const).map((name) => statement.param(topics.map((topic) => topic[name])));
  const own = `a.hash_group, a.respondent, a.anonymous, ${columns}`;
  return `named as materialized (
      select kind, key, topic::int4 from unnest(${kinds}::text[], ${keys}::text[]) with ordinality as n(kind, key, topic)
    ),
    topics as (
      select 0 as topic, ${own} from asked a
      union all
      select n.topic, ${own} from problem_responses m join named n on n.kind = 'problem' and n.key = m.problem
      join asked a on a.response_id = m.response_id
      union all
      select n.topic, ${own} from asked a cross join unnest(a.themes) as theme
      join named n on n.kind = 'theme' and n.key = theme
    )`;
};

const nameOf = (topics: readonly Topic[], topic: number) => {
  const found = topics[topic - 1];
  return found ? topicText(found.kind, found.key) : everything;
};

/** Why the responses that were asked about tell, or do not tell, of retention: how many by `retention_state`. */
export async function readStates(client: Client, question: Question): Promise<Map<string, number>> {
  const statement = new Statement();
  const { from, where } = fromRows(statement, question);
  const rows = await client.rows<{ state: string; n: number }>(
    `select c.retention_state as state, count(*) as n from ${from} where ${where} group by c.retention_state`,
    statement.parameters,
  );
  return new Map(rows.map(({ state, n }) => [state, n]));
}

/** The themes of most responses that no problem names. Reads every response that is asked about. */
export async function readUnnamedThemes(client: Client, question: Question, most: number): Promise<Topic[]> {
  const statement = new Statement();
  return client.rows<Topic>(
    `with ${asked(statement, question, '')}
     select 'theme' as kind, theme as key, theme as name, null as status
     from asked cross join unnest(themes) as theme
     where theme <> all(array(select unnest(p.themes) from problems p where p.archived_at is null))
     group by theme order by count(*) desc, theme limit ${statement.param(most)}`,
    statement.parameters,
  );
}

/**
 * Sums the responses of each topic, people by people: so that a customer's revenue counts once a topic, however many
 * responses it gave. Reads every response that is asked about.
 */
export async function readSums(client: Client, question: Question, topics: readonly Topic[]): Promise<SumsByTopic> {
  const statement = new Statement();
  const rows = await client.rows<Sums & { topic: number; hash_group: number }>(
    `with ${asked(statement, question, ', c.band, c.retention_state, c.retained')},
     ${numbered(statement, topics, 'a.band, a.retention_state, a.retained')},
     people as (
       select topic, hash_group, respondent, anonymous, count(*) as responses,
         count(*) filter (where band = 'detractor') as detractors,
         count(*) filter (where retention_state = 'counted') as counted,
         count(*) filter (where retention_state = 'counted' and not retained) as churned
       from topics group by topic, hash_group, respondent, anonymous
     )
     select topic, p.hash_group, ${sumNames.map((name) => `coalesce(${sumSql[name]}, 0)::float8 as ${name}`).join(', ')}
     from people p left join customer_standing s on s.customer_id = p.respondent and not p.anonymous
     group by topic, p.hash_group`,
    statement.parameters,
  );
  const found: SumsByTopic = new Map();
  for (const { topic, hash_group, ...sums } of rows) {
    const groups = found.get(nameOf(topics, topic)) ?? noSums();
    groups[hash_group] = sums;
    found.set(nameOf(topics, topic), groups);
  }
  return found;
}

export const noSums = (): Sums[] =>
  Array.from({ length: hashGroups }, () => Object.fromEntries(sumNames.map((name) => [name, 0])) as Sums);

export const total = (sums: readonly Sums[], name: SumName) => sums.reduce((all, group) => all + group[name], 0);

/** How many responses of a topic, or of all, lie in two periods of equal length, by the 32 groups of customers. */
interface InPeriods {
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
  topics: readonly Topic[],
): Promise<{ counts: Map<string, InPeriods>; everybody_once: boolean }> {
  const statement = new Statement();
  const columns = `, c.answered_at >= ${statement.param(middle)}::timestamptz as recent`;
  const rows = await client.rows<{
    topic: number;
    hash_group: number;
    recent: boolean;
    n: number;
    people: number;
    everybody_once: boolean;
  }>(
    `with ${asked(statement, question, columns)}, ${numbered(statement, topics, 'a.recent')},
     people as (
       select topic, hash_group, recent, respondent, count(*) as n
       from topics group by topic, hash_group, recent, respondent
     )
     select topic, hash_group, recent, sum(n)::int8 as n, count(*) as people,
       (select count(*) = count(distinct respondent) from asked) as everybody_once
     from people group by topic, hash_group, recent`,
    statement.parameters,
  );
  const counts = new Map<string, InPeriods>();
  for (const { topic, hash_group, recent, n, people } of rows) {
    const held = counts.get(nameOf(topics, topic)) ?? noPeriods();
    counts.set(nameOf(topics, topic), held);
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
