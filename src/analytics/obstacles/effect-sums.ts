import type { Client } from '../../db/pool.ts';
import type { RatioGroup } from '../../stats/jackknife.ts';
import type { AroundFix } from '../around-fix.ts';
import type { GroupedMean } from '../mean-contrast.ts';
import type { Question } from '../question.ts';
import type { SurveyKind } from '../scores/sums.ts';
import { fromRows, hashGroups, Statement } from '../sums.ts';

/** What is measured of the responses of a side in a period. NPS in points. */
export const measures = ['satisfied_rate', 'nps', 'mean_score', 'retention_rate', 'revenue_after'] as const;
export type Measure = (typeof measures)[number];

/** A mean, and how many people stand behind it. */
interface PeopleMean extends GroupedMean {
  people: number;
}

/** The responses of one survey to one side in one period. */
export interface Cell {
  n: number;
  people: number;
  promoters: number;
  detractors: number;
  means: Record<Measure, PeopleMean>;
}

export const sides = ['moment', 'others'] as const;
/** The moment of the obstacle, or the other moments. */
export type Side = (typeof sides)[number];
export const periods = ['before', 'after'] as const;
export type Period = (typeof periods)[number];

/** What one survey tells of the two periods. */
export interface SurveyEffect {
  survey: string;
  kind: SurveyKind;
  cells: Record<Side, Record<Period, Cell>>;
  /** Whether nobody answered twice in all of them together. */
  everybody_once: boolean;
}

export interface EffectRead {
  surveys: SurveyEffect[];
  /** The other moments that responses name. */
  others: string[];
  /** Other obstacles of the same moment that were fixed in these periods. */
  fixed_too: number;
  /** Responses without a moment, and at moments of which an obstacle was fixed in these periods. */
  no_moment: number;
  another_fix: number;
}

type Row = {
  survey: string;
  kind: SurveyKind;
  side: Side | 'no_moment' | 'another_fix';
  after: boolean;
  /** Null for the sums of the whole period. */
  hash_group: number | null;
  moments: string[] | null;
  everybody_once: boolean;
  n: number;
  people: number;
  promoters: number;
  detractors: number;
} & Record<`${Measure}_${'n' | 'people' | 'sum' | 'variance'}`, number | null>;

/** What a response adds to each measure; null where it does not count. */
const values: Record<Measure, string> = {
  satisfied_rate:
    '(case when s.higher_is_better then c.score else s.scale_min + s.scale_max - c.score end >= s.satisfied_min)::int',
  nps: "100 * ((c.band = 'promoter')::int - (c.band = 'detractor')::int)",
  mean_score: 'c.score',
  retention_rate: "case when c.retention_state = 'counted' then c.retained::int end",
  revenue_after: "case when c.revenue_state = 'counted' then c.revenue_after::float8 end",
};

/**
 * Reads every response of the two periods, by survey, side and period, with what its customer did after it. Other moments
 * of which an obstacle was fixed within the periods do not count: they changed for a reason of their own.
 */
export async function readEffect(
  client: Client,
  question: Question,
  { id, moment }: { id: string; moment: string },
  { from, fixed_at, to }: AroundFix,
): Promise<EffectRead> {
  const fixes = await client.rows<{ moment: string }>(
    `select moment from obstacles where id <> $1 and archived_at is null and moment is not null
       and fixed_at >= $2 and fixed_at < $3`,
    [id, from, to],
  );
  const bound = (at: Date) => ({ at: at.toISOString(), month: null });
  const statement = new Statement();
  const asked = fromRows(statement, { ...question, from: bound(from), to: bound(to) });
  const [own, changed, fixed] = [moment, fixes.map((fix) => fix.moment), fixed_at].map((value) =>
    statement.param(value),
  );
  const sums = measures.map(
    (
      name,
    ) => `count(${name}) as ${name}_n, count(distinct respondent) filter (where ${name} is not null) as ${name}_people,
       coalesce(sum(${name}), 0)::float8 as ${name}_sum, var_samp(${name})::float8 as ${name}_variance`,
  );
  const rows = await client.rows<Row>(
    `with asked as materialized (
       select c.survey, s.kind, c.respondent, c.hash_group, c.moment, c.band,
         case when c.moment = ${own} then 'moment' when c.moment = '' then 'no_moment'
           when c.moment = any(${changed}::text[]) then 'another_fix' else 'others' end as side,
         c.answered_at >= ${fixed}::timestamptz as after,
         ${measures.map((name) => `${values[name]} as ${name}`).join(', ')}
       from ${asked.from} join surveys s on s.key = c.survey
       where ${asked.where}
     ), once as (
       select survey, count(*) = count(distinct respondent) as everybody_once
       from asked where side in ('moment', 'others') group by survey
     )
     select survey, kind, side, after, hash_group, coalesce(bool_and(everybody_once), true) as everybody_once,
       case when grouping(hash_group) = 1 then array_agg(distinct moment) end as moments,
       count(*) as n, count(distinct respondent) as people, count(*) filter (where band = 'promoter') as promoters,
       count(*) filter (where band = 'detractor') as detractors, ${sums.join(', ')}
     from asked left join once using (survey)
     group by grouping sets ((survey, kind, side, after, hash_group), (survey, kind, side, after))
     order by survey`,
    statement.parameters,
  );
  const whole = rows.filter(({ hash_group }) => hash_group === null);
  const responses = (side: Row['side']) => whole.filter((row) => row.side === side).reduce((sum, { n }) => sum + n, 0);
  const named = whole.flatMap(({ side, moments }) => (side === 'others' ? (moments ?? []) : []));
  return {
    surveys: [...new Set(rows.map(({ survey }) => survey))]
      .map((survey) => effectOf(rows.filter((row) => row.survey === survey)))
      .filter(({ cells }) => cells.moment.before.n + cells.moment.after.n > 0),
    others: [...new Set(named)].sort(),
    fixed_too: fixes.filter((fix) => fix.moment === moment).length,
    no_moment: responses('no_moment'),
    another_fix: responses('another_fix'),
  };
}

function effectOf(rows: readonly Row[]): SurveyEffect {
  const cell = (side: Side, after: boolean) => cellOf(rows.filter((row) => row.side === side && row.after === after));
  const of = (side: Side) => ({ before: cell(side, false), after: cell(side, true) });
  return {
    survey: rows[0]?.survey ?? '',
    kind: rows[0]?.kind ?? 'custom',
    cells: { moment: of('moment'), others: of('others') },
    everybody_once: rows.every(({ everybody_once }) => everybody_once),
  };
}

function cellOf(rows: readonly Row[]): Cell {
  const whole = rows.find(({ hash_group }) => hash_group === null);
  const meanOf = (name: Measure): PeopleMean => {
    const n = whole?.[`${name}_n`] ?? 0;
    return {
      n,
      people: whole?.[`${name}_people`] ?? 0,
      mean: n > 0 ? (whole?.[`${name}_sum`] ?? 0) / n : 0,
      variance: whole?.[`${name}_variance`] ?? null,
      groups: Array.from({ length: hashGroups }, (_, group): RatioGroup => {
        const row = rows.find(({ hash_group }) => hash_group === group);
        return { numerator: row?.[`${name}_sum`] ?? 0, denominator: row?.[`${name}_n`] ?? 0 };
      }),
    };
  };
  return {
    n: whole?.n ?? 0,
    people: whole?.people ?? 0,
    promoters: whole?.promoters ?? 0,
    detractors: whole?.detractors ?? 0,
    means: {
      satisfied_rate: meanOf('satisfied_rate'),
      nps: meanOf('nps'),
      mean_score: meanOf('mean_score'),
      retention_rate: meanOf('retention_rate'),
      revenue_after: meanOf('revenue_after'),
    },
  };
}
