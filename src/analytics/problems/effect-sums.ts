import type { Client } from '../../db/pool.ts';
import type { RatioGroup } from '../../stats/jackknife.ts';
import { type GroupedShare, type ShareContrast, shareContrast } from '../../stats/shares.ts';
import { type GroupedMean, meanContrast } from '../mean-contrast.ts';
import type { Question } from '../question.ts';
import { fromRows, hashGroups, Statement } from '../sums.ts';

interface Period {
  n: number;
  /** How many people have the problem. */
  people_with: number;
  share: GroupedShare;
  /** How many of the other problems a response has. */
  others: GroupedMean;
  /** k times the y of the definition, which keeps whole numbers whole. */
  contrast: GroupedMean;
}

/** What the responses of the two periods say of a problem and of the others. */
export interface EffectSums {
  others: string[];
  before: Period;
  after: Period;
  /** Whether nobody answered twice in the two periods together. */
  everybody_once: boolean;
}

interface Row {
  after: boolean;
  /** Null for the sums of the whole period. */
  hash_group: number | null;
  n: number;
  people: number;
  people_with: number;
  with_it: number;
  others: number;
  others_variance: number | null;
  contrast_variance: number | null;
  everybody_once: boolean;
}

/** Reads every response of the two periods, [from, fixed_at) and [fixed_at, to). */
export async function readEffect(
  client: Client,
  question: Question,
  problem: string,
  { from, fixed_at, to }: { from: Date; fixed_at: Date; to: Date },
): Promise<EffectSums> {
  const found = await client.rows<{ key: string }>(
    `select key from problems where key <> $1 and archived_at is null
       and (resolved_at is null or resolved_at < $2 or resolved_at >= $3) order by key`,
    [problem, from, to],
  );
  const others = found.map(({ key }) => key);
  const bound = (at: Date) => ({ at: at.toISOString(), month: null });
  const statement = new Statement();
  const asked = fromRows(statement, { ...question, from: bound(from), to: bound(to) });
  const [key, rest, fixed] = [problem, others, fixed_at].map((value) => statement.param(value));
  const k = others.length;
  const rows = await client.rows<Row>(
    `with asked as materialized (
       select c.respondent, c.hash_group, c.answered_at >= ${fixed}::timestamptz as after,
         m.with_it as with_it, m.others as others
       from ${asked.from}
       cross join lateral (
         select count(*) filter (where m.problem = ${key}) as with_it,
           count(*) filter (where m.problem = any(${rest}::text[])) as others
         from problem_responses m where m.response_id = c.response_id
       ) m
       where ${asked.where}
     )
     select after, hash_group, count(*) as n, count(distinct respondent) as people,
       count(distinct respondent) filter (where with_it > 0) as people_with, sum(with_it)::int8 as with_it,
       sum(others)::int8 as others, var_samp(others)::float8 as others_variance,
       var_samp(with_it * ${statement.param(k)}::int - others)::float8 as contrast_variance,
       (select count(*) = count(distinct respondent) from asked) as everybody_once
     from asked group by grouping sets ((after, hash_group), (after))`,
    statement.parameters,
  );
  const periodOf = (after: boolean): Period => {
    const ofPeriod = rows.filter((row) => row.after === after);
    const whole = ofPeriod.find(({ hash_group }) => hash_group === null);
    const groups = (numerator: (row: Row) => number): RatioGroup[] =>
      Array.from({ length: hashGroups }, (_, group) => {
        const row = ofPeriod.find(({ hash_group }) => hash_group === group);
        return { numerator: row ? numerator(row) : 0, denominator: row?.n ?? 0 };
      });
    const n = whole?.n ?? 0;
    const mean = (numerator: (row: Row) => number, variance: number | null | undefined): GroupedMean => ({
      n,
      groups: groups(numerator),
      mean: whole ? numerator(whole) / n : 0,
      variance: variance ?? null,
    });
    return {
      n,
      people_with: whole?.people_with ?? 0,
      share: { groups: groups(({ with_it }) => with_it), people: whole?.people ?? 0 },
      others: mean((row) => row.others, whole?.others_variance),
      contrast: mean((row) => row.with_it * k - row.others, whole?.contrast_variance),
    };
  };
  return { others, before: periodOf(false), after: periodOf(true), everybody_once: rows[0]?.everybody_once ?? true };
}

/** The changes from before to after; null where there is nothing to compare with. */
export interface EffectContrasts {
  share: ShareContrast | null;
  others_share: ShareContrast | null;
  difference_in_differences: ShareContrast | null;
}

export function compareEffect(sums: EffectSums, isTold: boolean): EffectContrasts {
  const { before, after, everybody_once, others } = sums;
  if (!isTold) return { share: null, others_share: null, difference_in_differences: null };
  const k = others.length;
  return {
    share: shareContrast(after.share, before.share, everybody_once),
    others_share: k === 0 ? null : perOther(after, before, 'others', k, everybody_once),
    difference_in_differences: k === 0 ? null : perOther(after, before, 'contrast', k, everybody_once),
  };
}

/** The difference of two means, both divided by k. */
function perOther(after: Period, before: Period, name: 'others' | 'contrast', k: number, everybodyOnce: boolean) {
  const terms = [
    { weight: 1, of: after[name] },
    { weight: -1, of: before[name] },
  ];
  const { difference, low, high, p } = meanContrast(terms, everybodyOnce);
  const divided = (value: number | null) => (value === null ? null : value / k);
  return { difference: divided(difference), low: divided(low), high: divided(high), p };
}
