import type { Client } from '../../db/pool.ts';
import { tInterval } from '../../stats/intervals.ts';
import { type RatioGroup, ratioDifference, ratioEstimate } from '../../stats/jackknife.ts';
import { type GroupedShare, shareContrast, shareFigure } from '../../stats/shares.ts';
import { tTest, welch } from '../../stats/tests.ts';
import type { Question } from '../question.ts';
import {
  type BandSums,
  filledGroups,
  fromRows,
  type GroupKey,
  groupNames,
  hashGroups,
  keyOf,
  Statement,
} from '../sums.ts';
import type { Measure, OutcomeKind } from './measures.ts';

/** A figure with its 95% interval; null where it cannot be told. */
export interface Figure {
  value: number | null;
  low: number | null;
  high: number | null;
}

/** First minus second, with its 95% interval and the two-sided p. */
export interface Contrast {
  difference: number | null;
  low: number | null;
  high: number | null;
  p: number | null;
}

/** What only the outcomes one by one can tell of a band of a group. */
export interface Individuals {
  customers: number;
  /** The variance of a measure over responses, by its name. */
  variances: Record<string, number | null>;
}

/** One band of a group: its sums, and what single rows tell of it where they were read. */
export interface Band {
  sums: BandSums;
  individuals: Individuals | undefined;
  /** Every customer counts once in the whole group, so responses are independent. */
  independent: boolean;
}

const unknown: Figure = { value: null, low: null, high: null };

const ratioGroups = (band: Band, kind: OutcomeKind, measure: Measure): RatioGroup[] =>
  band.sums.map((sums) => ({ numerator: measure.numerator(sums), denominator: sums[kind.n] }));

function summary(band: Band, kind: OutcomeKind, measure: Measure) {
  let numerator = 0;
  let n = 0;
  for (const group of ratioGroups(band, kind, measure)) {
    numerator += group.numerator;
    n += group.denominator;
  }
  return { n, mean: numerator / n, variance: band.individuals?.variances[measure.name] ?? null };
}

/**
 * A share with as many customers as are known: where only sums were read, the groups of customers that somebody is in, as
 * long as some are empty.
 */
export function groupedShare(band: Band, kind: OutcomeKind, measure: Measure): GroupedShare {
  const groups = ratioGroups(band, kind, measure);
  const n = summary(band, kind, measure).n;
  const filled = filledGroups(groups.map(({ denominator }) => denominator));
  const people = band.independent ? n : (band.individuals?.customers ?? (filled < hashGroups ? filled : null));
  return { groups, people };
}

/**
 * A measure of a band. Where every customer counts once: the t interval of a mean, Wilson's of a share. Else the
 * delete-a-group jackknife, and Wilson's with n divided by the design effect.
 */
export function figureOf(band: Band, kind: OutcomeKind, measure: Measure): Figure {
  const { n, mean, variance } = summary(band, kind, measure);
  if (n === 0) return unknown;
  if (measure.kind === 'share') return shareFigure(groupedShare(band, kind, measure));
  const withInterval = (interval: { low: number; high: number } | null): Figure => ({
    value: mean,
    low: interval?.low ?? null,
    high: interval?.high ?? null,
  });
  if (band.independent) return withInterval(tInterval(mean, variance === null ? null : Math.sqrt(variance / n), n - 1));
  const ratio = ratioEstimate(ratioGroups(band, kind, measure));
  return withInterval(ratio && tInterval(mean, ratio.standard_error, ratio.df));
}

/**
 * The difference of a measure between two bands: of shares Newcombe's, with the design effects and the correlation where
 * customers count more than once (`sharesContrast`); of means Welch's where every customer counts once, else the jackknife
 * on the difference itself, since the same customers may be in both bands.
 */
export function contrastOf(first: Band, second: Band, kind: OutcomeKind, measure: Measure): Contrast {
  const independent = first.independent && second.independent;
  if (measure.kind === 'share')
    return shareContrast(groupedShare(first, kind, measure), groupedShare(second, kind, measure), independent);
  const one = summary(first, kind, measure);
  const other = summary(second, kind, measure);
  if (one.n === 0 || other.n === 0) return { difference: null, low: null, high: null, p: null };
  const ratio = independent
    ? null
    : ratioDifference(ratioGroups(first, kind, measure), ratioGroups(second, kind, measure));
  const test = ratio ? tTest(ratio.estimate, ratio.standard_error, ratio.df) : welch(one, other);
  return { difference: one.mean - other.mean, low: test?.low ?? null, high: test?.high ?? null, p: test?.p ?? null };
}

/** What single rows tell of each group: by band, and whether every customer counts once over all its bands. */
export interface GroupIndividuals extends GroupKey {
  independent: boolean;
  /** The same of all bands together; undefined where no response counts. */
  whole: Individuals | undefined;
  bands: Map<string, Individuals>;
}

/** Reads customers and variances from `response_outcomes`; costs time in proportion to the responses asked about. */
export async function readIndividuals(
  client: Client,
  question: Question,
  kind: OutcomeKind,
): Promise<GroupIndividuals[]> {
  const statement = new Statement();
  const { from, where, groups } = fromRows(statement, question);
  const means = kind.measures.filter((measure) => measure.kind === 'mean');
  const names = groups.map((group, at) => `${group} as ${groupNames[at]}, `).join('');
  const keys = ['survey', ...groups.map((_, at) => groupNames[at])].join(', ');
  const rows = await client.rows<
    { band: string; all_bands: number; n: number; customers: number } & Record<string, unknown>
  >(
    `select survey, ${groups.map((_, at) => `${groupNames[at]}, `).join('')} band, grouping(band) as all_bands,
       count(*) as n, count(distinct respondent) as customers
       ${means.map((_, at) => `, var_samp(v${at})::float8 as v${at}`).join('')}
     from (
       select c.survey, ${names} c.band, c.respondent ${means.map((measure, at) => `, ${measure.value} as v${at}`).join('')}
       from ${from} where ${where} and c.${kind.state} = 'counted'
     ) counted
     group by grouping sets ((${keys}, band), (${keys}))`,
    statement.parameters,
  );
  const found = new Map<string, GroupIndividuals>();
  for (const row of rows) {
    const key = keyOf(row, question);
    const text = JSON.stringify(key);
    const group = found.get(text) ?? {
      ...key,
      independent: false,
      whole: undefined,
      bands: new Map<string, Individuals>(),
    };
    found.set(text, group);
    const individuals: Individuals = {
      customers: row.customers,
      variances: Object.fromEntries(means.map(({ name }, at) => [name, row[`v${at}`] as number | null])),
    };
    if (row.all_bands === 1) Object.assign(group, { independent: row.n === row.customers, whole: individuals });
    else group.bands.set(row.band, individuals);
  }
  return [...found.values()];
}
