import type { Database } from '../../db/pool.ts';
import { bands } from '../../outcomes/cells.ts';
import { type BootstrapCustomer, bootstrapDifferences, resamples } from '../../stats/bootstrap.ts';
import { medianOf } from '../../stats/median.ts';
import { withQ } from '../../stats/tests.ts';
import { type AnswerRow, rounded } from '../answer.ts';
import { hashGroups } from '../sums.ts';
import type { Comparison, Findings } from './findings.ts';
import { readSingles, type Single, type Singles } from './singles.ts';
import { standardisedMeasure } from './standardised.ts';

/** What is asked for beside means and their usual intervals. */
export interface MoreStatistics {
  statistics?: 'mean' | 'median' | 'bootstrap';
  seed?: number;
}

export const usualSeed = 1;
const drawn = ['revenue_after', 'change', 'repeat_rate'] as const;
const drawnNames: readonly string[] = drawn;
const fewCustomers = 30;

const groupOf = (singles: readonly Singles[], of: (one: Singles) => boolean) => singles.find(of);

/** Adds the median of revenue_after to each row that shows figures. */
export async function withMedians(db: Database, findings: Findings): Promise<Findings> {
  const { question } = findings;
  const singles = await db.read((client) => readSingles(client, question, 'median'));
  const rows = findings.rows.map((row): AnswerRow => {
    if (row.withheld !== null) return row;
    const group = groupOf(
      singles,
      ({ survey, groups }) =>
        survey === row.survey && question.group_by.every((name, at) => (row[name] ?? null) === (groups[at] ?? null)),
    );
    if (!group) return row;
    const own = group.rows.filter(({ band }) => band === row.band);
    const independent = new Set(own.map(({ respondent }) => respondent)).size === own.length;
    const values = own.map(({ revenue_after, hash_group }) => ({ value: revenue_after, group: hash_group }));
    const found = medianOf(values, independent, hashGroups);
    return {
      ...row,
      revenue_after_median: rounded(found?.median ?? null),
      revenue_after_median_low: rounded(found?.low ?? null),
      revenue_after_median_high: rounded(found?.high ?? null),
    };
  });
  const method = `${findings.method}; medians with the order statistics of the binomial distribution, or Woodruff's interval where customers count more than once`;
  return { ...findings, rows, method };
}

/** Puts the limits and the p of a bootstrap by customer in the place of the usual ones, for every raw difference. */
export async function withBootstrap(
  db: Database,
  findings: Findings,
  seed: number,
): Promise<{ findings: Findings; warnings: string[] }> {
  const singles = await db.read((client) => readSingles(client, findings.question, 'bootstrap'));
  const pairs = new Map<string, Comparison[]>();
  for (const one of findings.comparisons) {
    const key = JSON.stringify([one.survey, one.groups, one.band, one.against]);
    pairs.set(key, [...(pairs.get(key) ?? []), one]);
  }
  const comparisons: Comparison[] = [];
  let few = false;
  for (const of of pairs.values()) {
    const [pair] = of;
    const group =
      pair &&
      groupOf(
        singles,
        ({ survey, groups }) => survey === pair.survey && JSON.stringify(groups) === JSON.stringify(pair.groups),
      );
    if (!pair || !group) continue;
    const customers = customersOf(group.rows, pair.band, pair.against);
    few ||= [0, 1].some((side) => customers.filter(({ n }) => (n[side] ?? 0) > 0).length < fewCustomers);
    const found = await bootstrapDifferences(customers, drawn.length, seed);
    for (const one of of) {
      const at = drawnNames.indexOf(one.measure);
      if (at === -1) comparisons.push(one);
      else comparisons.push({ ...one, ...(found[at] ?? { low: null, high: null, p: null }) });
    }
  }
  // In the order in which they came; q anew, since it is of other p.
  const place = ({ survey, groups, band, against, measure }: Comparison) =>
    findings.comparisons.findIndex(
      (one) =>
        one.survey === survey &&
        one.groups === groups &&
        one.band === band &&
        one.against === against &&
        one.measure === measure,
    );
  comparisons.sort((one, other) => place(one) - place(other));
  const except = comparisons.some(({ measure }) => measure === standardisedMeasure) ? ' (not of the standardised)' : '';
  return {
    findings: {
      ...findings,
      comparisons: withQ(comparisons),
      tests: comparisons.filter(({ p }) => p !== null).length,
      method: `${findings.method}; intervals and p of differences${except} by ${resamples.toLocaleString('en-US')} bootstrap resamples of customers, percentiles`,
    },
    warnings: few
      ? [`Fewer than ${fewCustomers} customers in a band: the percentiles of a bootstrap are then too narrow.`]
      : [],
  };
}

/** The customers of two bands, each with what it adds to both. */
function customersOf(rows: readonly Single[], band: string, against: string): BootstrapCustomer[] {
  const found = new Map<string, { n: [number, number]; sums: [number, number][] }>();
  for (const row of rows) {
    const side = row.band === band ? 0 : row.band === against ? 1 : null;
    if (side === null || !bands.some((name) => name === row.band)) continue;
    const customer = found.get(row.respondent) ?? { n: [0, 0], sums: drawn.map((): [number, number] => [0, 0]) };
    found.set(row.respondent, customer);
    customer.n[side] += 1;
    for (const [at, name] of drawn.entries()) {
      const sums = customer.sums[at];
      if (sums) sums[side] += row[name];
    }
  }
  return [...found.values()];
}
