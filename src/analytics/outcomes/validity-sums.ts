import type { Client } from '../../db/pool.ts';
import type { Split } from '../../stats/auc.ts';
import type { RankSums } from '../../stats/rank-sums.ts';
import type { Question } from '../question.ts';
import { byGroup, fromRows, type GroupKey, groupNames, hashGroups, keyOf, Statement } from '../sums.ts';

/** An outcome that a score is held against: an amount by ranks, or something that was done or not. */
export interface Criterion {
  name: 'revenue_after' | 'referrals_after' | 'referred' | 'retained';
  outcome: 'revenue' | 'referrals' | 'retention';
  kind: 'amount' | 'done';
  /** Over a relation `c` with the columns of `response_outcomes`. */
  value: string;
}

/** The responses of a group whose outcome counts. */
export interface Judged extends GroupKey {
  responses: number;
  customers: number;
}

/** The same with what tells how the scores go with the outcome, by the 32 groups of customers. */
interface JudgedAmount extends Judged {
  sums: RankSums[];
}
interface JudgedDone extends Judged {
  splits: Split[][];
}

/**
 * The responses that count, with the score as `x`, mirrored where low is good: greater is better. `key` is the columns
 * that make a group.
 */
function judged(statement: Statement, question: Question, { outcome, value }: Criterion) {
  const { from, where, groups } = fromRows(statement, question);
  const names = groups.map((group, at) => `${group} as ${groupNames[at]}, `).join('');
  return {
    key: ['survey', ...groups.map((_, at) => groupNames[at])].join(', '),
    rows: `select c.survey, ${names} c.respondent, c.hash_group, ${value} as y,
        case when s.higher_is_better then c.score else -c.score end as x
      from ${from} join surveys s on s.key = c.survey where ${where} and c.${outcome}_state = 'counted'`,
  };
}

/** The responses that count by outcome. */
export type JudgedByOutcome = Record<Criterion['outcome'], Judged[]>;
const outcomes = ['revenue', 'referrals', 'retention'] as const;

/**
 * How many responses of how many customers each group has, outcome by outcome. Customers are counted by hashing, not by
 * sorting them, and in one reading of the responses.
 */
export async function readJudged(client: Client, question: Question): Promise<JudgedByOutcome> {
  const statement = new Statement();
  const { from, where, groups } = fromRows(statement, question);
  const names = groups.map((group, at) => `${group} as ${groupNames[at]}, `).join('');
  const key = ['survey', ...groups.map((_, at) => groupNames[at])].join(', ');
  const found = await client.rows<
    Record<`${Criterion['outcome']}_${'n' | 'people'}`, number> & Record<string, unknown>
  >(
    `select ${key}, ${outcomes.map((one) => `sum(${one})::int8 as ${one}_n, count(*) filter (where ${one} > 0) as ${one}_people`).join(', ')}
     from (
       select c.survey, ${names} c.respondent,
         ${outcomes.map((one) => `count(*) filter (where c.${one}_state = 'counted') as ${one}`).join(', ')}
       from ${from} where ${where} group by ${key}, c.respondent
     ) each group by ${key}`,
    statement.parameters,
  );
  const of = (outcome: Criterion['outcome']): Judged[] =>
    found
      .map((row) => ({ ...keyOf(row, question), responses: row[`${outcome}_n`], customers: row[`${outcome}_people`] }))
      .filter(({ responses }) => responses > 0)
      .sort(byGroup);
  return { revenue: of('revenue'), referrals: of('referrals'), retention: of('retention') };
}

type Sums = { x: number; hash_group: number } & Record<string, unknown>;

/** Puts rows by group, value of x and group of customers in order; the values are those of the whole group. */
function byLevel<R extends Sums>(rows: readonly R[], question: Question) {
  const found = new Map<string, R[]>();
  for (const row of rows) {
    const text = JSON.stringify(keyOf(row, question));
    found.set(text, [...(found.get(text) ?? []), row]);
  }
  return (group: Judged): { values: number[]; of: R[][] } => {
    const own = found.get(JSON.stringify({ survey: group.survey, groups: group.groups })) ?? [];
    const of = Array.from({ length: hashGroups }, (): R[] => []);
    for (const row of own) of[row.hash_group]?.push(row);
    return { values: [...new Set(own.map(({ x }) => x))].sort((one, other) => one - other), of };
  };
}

/** Something done or not: how many of each score did, so an area under the curve needs no sorting. */
export async function readDone(
  client: Client,
  question: Question,
  criterion: Criterion,
  counts: JudgedByOutcome,
): Promise<JudgedDone[]> {
  const statement = new Statement();
  const { key, rows } = judged(statement, question, criterion);
  const found = await client.rows<Sums & { did: number; did_not: number }>(
    `select ${key}, x, hash_group, count(*) filter (where y) as did, count(*) filter (where not y) as did_not
     from (${rows}) judged group by ${key}, x, hash_group`,
    statement.parameters,
  );
  const levels = byLevel(found, question);
  return counts[criterion.outcome].map((group) => {
    const { values, of } = levels(group);
    const splits = of.map((own) => {
      const at = new Map(own.map((row) => [row.x, row]));
      return values.map((x) => ({ did: at.get(x)?.did ?? 0, did_not: at.get(x)?.did_not ?? 0 }));
    });
    return { ...group, splits };
  });
}

/**
 * An amount: the sums that a rank correlation and its variance are made of, see `stats/rank-sums.ts`. Every response is
 * ranked among those of its group, which sorts them once, alike ones as one row; what is read is one row a group, score and
 * group of customers.
 */
export async function readAmounts(
  client: Client,
  question: Question,
  criterion: Criterion,
  counts: JudgedByOutcome,
): Promise<JudgedAmount[]> {
  const statement = new Statement();
  const { key, rows } = judged(statement, question, criterion);
  const found = await client.rows<Sums & { n: number; b: number; b_squared: number; a_above: number; b_above: number }>(
    `with judged as materialized (
       select ${key}, x, y, hash_group, count(*)::float8 as n from (${rows}) each group by ${key}, x, y, hash_group
     ),
     scored as (
       select ${key}, x, (2 * sum(sum(n)) over upto - sum(n) - sum(sum(n)) over whole) / (2 * sum(sum(n)) over whole) as a,
         sum(sum(n)) over whole as total
       from judged group by ${key}, x
       window upto as (partition by ${key} order by x), whole as (partition by ${key})
     ),
     ranked as (
       select *, upto - tied as below, total - upto as greater
       from (
         select ${key}, hash_group, x, a, n, total, sum(n) over upto as upto, sum(n) over alike as tied,
           sum(a * n) over upto as a_upto, sum(a * n) over alike as a_tied
         from judged join scored using (${key}, x)
         window upto as (partition by ${key} order by y), alike as (partition by ${key}, y)
       ) placed
     )
     select ${key}, x, hash_group, sum(n) as n, sum(n * (below - greater) / (2 * total)) as b,
       sum(n * ((below - greater) / (2 * total)) ^ 2) as b_squared, sum(n * (a_tied / 2 - a_upto) / total) as a_above,
       sum(n * (greater * (below + tied) / 2 + tied * (below - greater) / 4) / total ^ 2) as b_above
     from ranked group by ${key}, x, hash_group`,
    statement.parameters,
  );
  const levels = byLevel(found, question);
  return counts[criterion.outcome].map((group) => {
    const { values, of } = levels(group);
    const sums = of.map((own): RankSums => {
      const at = new Map(own.map((row) => [row.x, row]));
      const sum = (of: (row: (typeof own)[number]) => number) => own.reduce((all, row) => all + of(row), 0);
      return {
        levels: values.map((x) => ({ n: at.get(x)?.n ?? 0, b: at.get(x)?.b ?? 0 })),
        b_squared: sum((row) => row.b_squared),
        a_above: sum((row) => row.a_above),
        b_above: sum((row) => row.b_above),
      };
    });
    return { ...group, sums };
  });
}
