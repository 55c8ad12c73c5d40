import assert from 'node:assert/strict';
import {
  type Interval,
  jackknife,
  jackknifeDifference,
  mean,
  meanInterval,
  near,
  nearFigure,
  nearP,
  newcombe,
  sharesDifference,
  sum,
  welch,
  wilson,
} from './figures.ts';
import type { Answer, Row } from './loader.ts';

/** A response that counts, with what was worked out for it by hand. */
export interface Counted {
  customer: string;
  band: 'detractor' | 'passive' | 'promoter';
  group: Record<string, string | null>;
  /** By the names that the answer gives to their means; a share is the mean of ones and zeros. */
  values: Record<string, number>;
}

export interface Measure {
  name: string;
  kind: 'mean' | 'share';
  /** Whether promoters and passives are compared with detractors by it. */
  compared: boolean;
}

export const revenueMeasures: readonly Measure[] = [
  { name: 'revenue_after', kind: 'mean', compared: true },
  { name: 'revenue_before', kind: 'mean', compared: false },
  { name: 'change', kind: 'mean', compared: true },
  { name: 'repeat_rate', kind: 'share', compared: true },
];

/** How intervals are made. */
interface Method {
  says: RegExp;
  mean(counted: readonly Counted[], name: string): Interval;
  share(counted: readonly Counted[], name: string): Interval;
  meanDifference(one: readonly Counted[], other: readonly Counted[], name: string): Interval & { p: number };
  shareDifference(one: readonly Counted[], other: readonly Counted[], name: string): Interval;
}

const valuesOf = (counted: readonly Counted[], name: string) => counted.map(({ values }) => values[name] ?? Number.NaN);

const once: Method = {
  says: /every customer counts once/,
  mean: (counted, name) => meanInterval(valuesOf(counted, name)),
  share: (counted, name) => wilson(sum(valuesOf(counted, name)), counted.length),
  meanDifference: (one, other, name) => welch(valuesOf(one, name), valuesOf(other, name)),
  shareDifference: (one, other, name) =>
    newcombe(sum(valuesOf(one, name)), one.length, sum(valuesOf(other, name)), other.length),
};

function clustered(group_of: ReadonlyMap<string, number>): Method {
  const observed = (counted: readonly Counted[], name: string) =>
    counted.map(({ customer, values }) => ({ group: group_of.get(customer) ?? -1, value: values[name] ?? Number.NaN }));
  const difference = (one: readonly Counted[], other: readonly Counted[], name: string) =>
    jackknifeDifference(observed(one, name), observed(other, name));
  return {
    says: /jackknife/,
    mean: (counted, name) => jackknife(observed(counted, name)),
    share(counted, name) {
      const share = mean(valuesOf(counted, name));
      const { se } = jackknife(observed(counted, name));
      const alone = (share * (1 - share)) / counted.length;
      const effective = counted.length / (alone > 0 ? Math.max(1, se ** 2 / alone) : 1);
      return wilson(share * effective, effective);
    },
    meanDifference: difference,
    shareDifference: (one, other, name) => sharesDifference(observed(one, name), observed(other, name)),
  };
}

const alike = (values: readonly number[]) => values.every((value) => value === values[0]);
const fewest = 10;

/** Whether somebody is in it twice. */
const hasTwice = (counted: readonly Counted[]) =>
  new Set(counted.map(({ customer }) => customer)).size < counted.length;

/**
 * Compares every row and every comparison of an answer with what was worked out by hand. Rows and comparisons that
 * should not be there fail too. In a group where every customer counts once, intervals are those of the textbook, else
 * those of the jackknife; which of its 32 groups a customer is in is the service's to choose (`hash_group`).
 * @returns how many rows and comparisons stood against one another.
 */
export function compareAnswer(
  answer: Answer,
  counted: readonly Counted[],
  {
    measures,
    group_by = [],
    hash_group = new Map(),
  }: { measures: readonly Measure[]; group_by?: readonly string[]; hash_group?: ReadonlyMap<string, number> },
): { rows: number; comparisons: number } {
  const nameOf = (group: Row) => group_by.map((name) => group[name]).join(' ');
  const groups = new Map<string, Record<Counted['band'], Counted[]>>();
  for (const one of counted) {
    const name = nameOf(one.group);
    const bands = groups.get(name) ?? { detractor: [], passive: [], promoter: [] };
    bands[one.band].push(one);
    groups.set(name, bands);
  }

  const dependent = new Set(
    [...groups].filter(([, bands]) => hasTwice(Object.values(bands).flat())).map(([name]) => name),
  );
  const jackknifed = clustered(hash_group);
  const methodOf = (name: string) => (dependent.has(name) ? jackknifed : once);
  assert.match(answer.method, dependent.size > 0 ? jackknifed.says : once.says);

  const rows = answer.data.filter(({ responses }) => responses > 0);
  const filled = [...groups.values()].flatMap((bands) => Object.values(bands).filter((band) => band.length > 0));
  assert.equal(rows.length, filled.length, 'rows with a response');
  for (const row of rows) {
    const what = `${nameOf(row)} ${row.band}`;
    const band = groups.get(nameOf(row))?.[row.band as Counted['band']] ?? [];
    assert.equal(row.responses, band.length, `${what}, responses`);
    assert.equal(row.customers, new Set(band.map(({ customer }) => customer)).size, `${what}, customers`);
    for (const { name, kind } of measures) {
      const values = valuesOf(band, name);
      if (band.length < fewest) {
        assert.deepEqual([row[name], row[`${name}_low`], row.withheld], [null, null, 'fewer than 10 responses'], what);
      } else if (kind === 'mean' && alike(values)) {
        // Nothing varies, so nothing is known of how far the mean may be off.
        near(row[name], mean(values), `${what}, ${name}`);
        assert.deepEqual([row[`${name}_low`], row[`${name}_high`]], [null, null], `${what}, ${name}`);
      } else nearFigure(row, name, mean(values), methodOf(nameOf(row))[kind](band, name), what);
    }
  }

  let comparisons = 0;
  for (const [name, { detractor, passive, promoter }] of groups)
    for (const [band, of] of Object.entries({ passive, promoter })) {
      if (detractor.length < fewest || of.length < fewest) continue;
      for (const { name: measure, kind, compared } of measures) {
        if (!compared) continue;
        comparisons++;
        const what = `${name} ${band} against detractor, ${measure}`;
        const isIt = (row: Row) => nameOf(row) === name && row.band === band && row.measure === measure;
        const row = answer.comparisons.find(isIt);
        assert.ok(row, what);
        const difference = mean(valuesOf(of, measure)) - mean(valuesOf(detractor, measure));
        if (kind === 'share') {
          nearFigure(row, 'difference', difference, methodOf(name).shareDifference(of, detractor, measure), what);
        } else if (alike(valuesOf([...of, ...detractor], measure))) {
          assert.deepEqual([row.difference, row.difference_low, row.p], [0, null, null], `${what}: nothing varies`);
        } else {
          const { p, ...interval } = methodOf(name).meanDifference(of, detractor, measure);
          nearFigure(row, 'difference', difference, interval, what);
          nearP(row.p as number | null, p, `${what}, p`);
        }
      }
    }
  // That one is held against the segments by hand where it is tested.
  const held = answer.comparisons.filter(({ measure }) => measure !== 'revenue_after_standardised');
  assert.equal(held.length, comparisons, 'comparisons');
  return { rows: rows.length, comparisons };
}

/** How many responses an answer leaves out for a reason. */
export const leftOut = ({ left_out }: Answer, reason: string): number =>
  left_out.find((one) => one.reason === reason)?.responses ?? 0;
