import type { Client } from '../../db/pool.ts';
import type { Moments } from '../../stats/moments.ts';
import type { Question } from '../question.ts';
import { fromRows, Statement } from '../sums.ts';
import type { Predictor, Scale } from './predictors.ts';

/** What the drivers may drive: the score itself, or what the customer did in the window after it. */
export const targets = ['score', 'revenue_after', 'referrals_after', 'retained'] as const;
export type Target = (typeof targets)[number];

const stateOf: Record<Target, string> = {
  score: "case when c.revenue_state = 'anonymous' then 'anonymous' else 'counted' end",
  revenue_after: 'c.revenue_state',
  referrals_after: 'c.referrals_state',
  retained: 'c.retention_state',
};

/** Whether a response counts, as a condition of which the planner knows how often it holds. */
const isCounted = (target: Target) =>
  target === 'score' ? "c.revenue_state <> 'anonymous'" : `${stateOf[target]} = 'counted'`;

/** The responses that a driver's score was found for. */
export interface Paired {
  responses: number;
  /** At least so many customers: the groups of customers that somebody of them is in. */
  people: number;
  satisfied: number;
}

/** Responses with the scores that were given near them. */
export interface Pairs {
  /** Responses by whether they count, and why not. */
  states: { state: string; responses: number }[];
  /** By predictor, in their order: the responses that it has a score near. */
  paired: Paired[];
  /** By group of customers: the target, then the predictors, of the responses that have all scores. */
  groups: Moments[];
  /** Different customers among these. */
  customers: number;
}

/**
 * Reads the target's responses with, for each predictor, the nearest score that the same customer gave within
 * `within_days` before or after; of two equally near ones the earlier. The cost grows with the responses of the period, and
 * with the predictors' scores of their customers; what comes back are sums by group of customers.
 */
export async function readPairs(
  client: Client,
  question: Question,
  {
    target,
    scale,
    predictors,
    within_days,
  }: { target: Target; scale: Scale; predictors: Predictor[]; within_days: number },
): Promise<Pairs> {
  const states = new Statement();
  const all = fromRows(states, question);
  const counted = await client.rows<{ state: string; responses: number }>(
    `select ${stateOf[target]} as state, count(*) as responses from ${all.from} where ${all.where} group by 1 order by 1`,
    states.parameters,
  );

  const statement = new Statement();
  const { from, where } = fromRows(statement, question);
  // Added only where it is used: a parameter that nothing refers to has no type.
  const good = () => `coalesce(${statement.param(scale.mirror)}::float8 - c.score, c.score)`;
  const y = target === 'score' ? good() : yOf[target];
  const surveys = `${statement.param(predictors.map(({ survey }) => survey))}::text[]`;
  const moments = `${statement.param(predictors.map(({ moment }) => moment))}::text[]`;
  const mirrors = `${statement.param(`{${predictors.map((one) => one.mirror ?? 'null').join(',')}}`)}::float8[]`;
  const reach = `make_interval(secs => ${statement.param(within_days * 86_400)}::float8)`;
  const columns = predictors.map((_, at) => `x${at + 1}`);
  const shifted = ['y', ...columns].map((name) => `(w.${name} - l.${name})`);
  const sums = shifted.map((value) => `sum(${value})`);
  const products = shifted.map((one, i) => shifted.slice(0, i + 1).map((other) => `sum(${one} * ${other})`));
  const [read] = await client.rows<{
    paired: Paired[];
    groups: { n: number; customers: number; sums: number[]; products: number[][] }[] | null;
  }>(
    `with predictor as (
       select * from unnest(${surveys}, ${moments}, ${mirrors}) with ordinality as k(survey, moment, mirror, place)
     ),
     asked as materialized (
       select row_number() over () as asked, c.respondent, c.hash_group, c.answered_at, (${y})::float8 as y
       from ${from} where ${where} and ${isCounted(target)}
     ),
     near as (
       select distinct on (a.asked, k.place) a.asked, a.respondent, a.hash_group, a.y, k.place,
         coalesce(k.mirror - r.score, r.score) as good
       from asked a
       join responses r on r.customer_id = a.respondent and r.survey = any(${surveys})
         and r.answered_at >= a.answered_at - ${reach} and r.answered_at <= a.answered_at + ${reach}
       join predictor k on k.survey = r.survey and (k.moment is null or k.moment = r.moment)
       order by a.asked, k.place, greatest(r.answered_at - a.answered_at, a.answered_at - r.answered_at), r.answered_at, r.id
     ),
     -- Those that have a score near: the others have nothing to tell.
     paired as materialized (
       select respondent, hash_group, y,
         ${columns.map((name, at) => `max(good) filter (where place = ${at + 1}) as ${name}`).join(', ')}
       from near group by asked, respondent, hash_group, y
     ),
     whole as (select * from paired where ${columns.map((name) => `${name} is not null`).join(' and ')}),
     -- Sums are taken from the least value, so that they keep their digits and equal values give exactly 0.
     least as (select min(y) as y, ${columns.map((name) => `min(${name}) as ${name}`).join(', ')} from whole)
     select
       (select json_build_array(${columns
         .map(
           (name, at) => `json_build_object('responses', count(${name}),
             'people', count(distinct hash_group) filter (where ${name} is not null),
             'satisfied', count(*) filter (where ${name} >= ${statement.param(predictors[at]?.satisfied_min ?? null)}::float8))`,
         )
         .join(', ')}) from paired) as paired,
       (select json_agg(g) from (
         select count(*) as n, count(distinct w.respondent) as customers, json_build_array(${sums.join(', ')}) as sums,
           json_build_array(${products.map((row) => `json_build_array(${row.join(', ')})`).join(', ')}) as products
         from whole w cross join least l group by w.hash_group order by w.hash_group
       ) g) as groups`,
    statement.parameters,
  );
  const groups = read?.groups ?? [];
  return {
    states: counted,
    paired: read?.paired ?? [],
    groups,
    customers: groups.reduce((sum, { customers }) => sum + customers, 0),
  };
}

const yOf: Record<Exclude<Target, 'score'>, string> = {
  revenue_after: 'c.revenue_after',
  referrals_after: 'c.referrals_after',
  retained: 'c.retained::int',
};
