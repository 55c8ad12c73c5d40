import type { Client, Database } from '../../db/pool.ts';
import { bands } from '../../outcomes/cells.ts';
import { benjaminiHochberg } from '../../stats/tests.ts';
import { type AnswerRow, groupColumns, type LeftOut, rounded, roundedP, testsIn, withheldReason } from '../answer.ts';
import { type Question, wrong } from '../question.ts';
import { hiddenRows, linesOf } from '../small-groups.ts';
import {
  type BandSums,
  filledGroups,
  type GroupKey,
  type GroupSums,
  readOutcomeSums,
  readWhole,
  sourceOf,
  total,
  totalOf,
} from '../sums.ts';
import { type Band, contrastOf, figureOf, type GroupIndividuals, readIndividuals } from './figures.ts';
import type { OutcomeKind } from './measures.ts';

/**
 * Up to this many responses are also read one by one, which tells customers and exact intervals; beyond, sums do. Only
 * where the table is small, since it must be read as a whole.
 */
const fewEnough = { responses: 20_000, bytes: 256 * 1024 ** 2 };

interface Group extends GroupKey {
  bands: Map<string, Band>;
}

/** A comparison of two bands of a group, by one measure. */
export interface Comparison extends GroupKey {
  measure: string;
  band: string;
  against: string;
  difference: number | null;
  low: number | null;
  high: number | null;
  p: number | null;
  q: number | null;
}

/** What an outcome question found, before it is put in rows and words. */
export interface Findings {
  kind: OutcomeKind;
  question: Question;
  through: Date | null;
  rows: AnswerRow[];
  comparisons: Comparison[];
  /** Over how many comparisons their q are. */
  tests: number;
  left_out: LeftOut[];
  /** How intervals were made. */
  method: string;
}

/**
 * The moment through which windows are closed, or an earlier `as_of`. Customers with retention events are judged by
 * those, the others by revenue, each as far as that is complete: for retention the later one of the two is told.
 * @throws ApiError 400 for an `as_of` after it.
 */
function throughOf({ state, as_of }: Question, { outcome }: OutcomeKind): Date | null {
  const ends = [state[`${outcome}_through`], ...(outcome === 'retention' ? [state.revenue_through] : [])];
  const [through = null] = ends.filter((end) => end !== null).sort((one, other) => other.getTime() - one.getTime());
  if (as_of === null || !through) return through;
  const asked = new Date(as_of);
  if (asked > through)
    throw wrong(
      'as_of',
      'not_complete',
      `What happened is known through ${through.toISOString()} only. Say that the data goes further with PUT /v1/datasets/.../complete-through.`,
    );
  return asked;
}

/** Answers an outcome question up to its rows and comparisons: the part that revenue, referrals and retention share. */
export async function findOutcome(db: Database, question: Question, kind: OutcomeKind): Promise<Findings> {
  const through = throughOf(question, kind);
  const { sums, whole, individuals } = await db.read((client) => readSums(client, question, kind), { snapshot: true });
  const groups = through === null ? [] : sums.map((group) => asGroup(group, individuals));
  const { rows, shown } = rowsOf(groups, question, kind);
  const comparisons = comparisonsOf(groups, kind, shown);
  return {
    kind,
    question,
    through,
    rows,
    comparisons,
    tests: testsIn(comparisons),
    left_out: leftOut(whole, kind, through),
    method: methodOf(groups, kind),
  };
}

async function readSums(client: Client, question: Question, kind: OutcomeKind) {
  const source = sourceOf(question, 'outcome_cells');
  const sums = await readOutcomeSums(client, question, source);
  const whole = await readWhole(client, question, sums);
  const read =
    source.from === 'rows' || (totalOf(whole, kind.n) <= fewEnough.responses && (await isSmallTable(client)));
  return { sums, whole, individuals: read ? await readIndividuals(client, question, kind) : undefined };
}

async function isSmallTable(client: Client): Promise<boolean> {
  const [table] = await client.rows<{ bytes: number }>(`select pg_relation_size('response_outcomes') as bytes`);
  return Number(table?.bytes) <= fewEnough.bytes;
}

const sameGroup = (one: GroupKey, other: GroupKey) =>
  one.survey === other.survey && one.groups.every((value, at) => value === other.groups[at]);

function asGroup({ survey, groups, bands: sums }: GroupSums, individuals: GroupIndividuals[] | undefined): Group {
  const single = individuals?.find((one) => sameGroup(one, { survey, groups }));
  const found = new Map<string, Band>();
  for (const band of bands) {
    const bandSums = sums.get(band);
    if (!bandSums || total(bandSums, 'responses') === 0) continue;
    found.set(band, {
      sums: bandSums,
      individuals: single?.bands.get(band) ?? (individuals ? { customers: 0, variances: {} } : undefined),
      independent: single?.independent ?? false,
    });
  }
  return { survey, groups, bands: found };
}

const peopleIn = ({ individuals, sums }: Band, { n }: OutcomeKind) =>
  individuals?.customers ?? filledGroups(sums.map((group) => group[n]));

/** The rows, and the bands of groups whose figures are shown in them. */
function rowsOf(groups: Group[], question: Question, kind: OutcomeKind): { rows: AnswerRow[]; shown: Set<Band> } {
  const shown = new Set<Band>();
  const all = groups.flatMap((group) => [...group.bands].map(([name, band]) => ({ group, name, band })));
  const hidden = hiddenRows(
    all.map(({ group, name, band }) => ({ row: band, people: peopleIn(band, kind), lines: linesOf(group, name) })),
    question.fewest_people,
  );
  const rows = all.map(({ group, name, band }) => {
    const n = total(band.sums, kind.n);
    const isHidden = hidden.has(band);
    const withheld = withheldReason(n, isHidden, question);
    if (withheld === null) shown.add(band);
    const row: AnswerRow = {
      ...groupColumns(group, question),
      band: name,
      responses: isHidden ? null : n,
      customers: isHidden ? null : (band.individuals?.customers ?? null),
    };
    for (const measure of kind.measures) {
      const figure = withheld === null ? figureOf(band, kind, measure) : { value: null, low: null, high: null };
      row[measure.name] = rounded(figure.value);
      row[`${measure.name}_low`] = rounded(figure.low);
      row[`${measure.name}_high`] = rounded(figure.high);
    }
    for (const [column, sum] of Object.entries(kind.totals))
      row[column] = withheld === null ? rounded(total(band.sums, sum)) : null;
    row.withheld = withheld;
    return row;
  });
  return { rows, shown };
}

function comparisonsOf(groups: Group[], kind: OutcomeKind, shown: Set<Band>): Comparison[] {
  const found = groups.flatMap((group) => {
    const against = group.bands.get('detractor');
    if (!against || !shown.has(against)) return [];
    return ['promoter', 'passive'].flatMap((name) => {
      const band = group.bands.get(name);
      if (!band || !shown.has(band)) return [];
      return kind.measures
        .filter((measure) => measure.compared)
        .map((measure) => ({
          survey: group.survey,
          groups: group.groups,
          measure: measure.name,
          band: name,
          against: 'detractor',
          ...contrastOf(band, against, kind, measure),
        }));
    });
  });
  return withQ(found);
}

/** Adds the q value over all comparisons of one answer: the share of false discoveries among those at or below it. */
export function withQ(comparisons: Omit<Comparison, 'q'>[]): Comparison[] {
  const qs = benjaminiHochberg(comparisons.map(({ p }) => p));
  return comparisons.map((comparison, at) => ({ ...comparison, q: qs[at] ?? null }));
}

export const comparisonRow = (comparison: Comparison, question: Question): AnswerRow => ({
  ...groupColumns(comparison, question),
  measure: comparison.measure,
  band: comparison.band,
  against: comparison.against,
  difference: rounded(comparison.difference),
  difference_low: rounded(comparison.low),
  difference_high: rounded(comparison.high),
  p: roundedP(comparison.p),
  q: roundedP(comparison.q),
});

/** Why responses do not count. A dataset that was never sent is a reason of its own. */
function leftOut(whole: BandSums[], kind: OutcomeKind, through: Date | null): LeftOut[] {
  return Object.entries(kind.left_out)
    .map(([reason, sum]) => ({
      reason: reason === 'window_open' && through === null ? 'no_data' : reason,
      responses: totalOf(whole, sum),
    }))
    .filter(({ responses }) => responses > 0);
}

function methodOf(groups: Group[], { n }: OutcomeKind): string {
  const once = 'every customer counts once: t and Wilson intervals, differences by Welch and Newcombe';
  const jackknife =
    'delete-a-group jackknife over 32 groups of customers; shares by Wilson with n divided by the design effect';
  const counted = groups.flatMap(({ bands: of }) => [...of.values()]).filter(({ sums }) => total(sums, n) > 0);
  if (counted.every(({ independent }) => independent)) return once;
  return counted.some(({ independent }) => independent)
    ? `groups in which ${once}; the others: ${jackknife}`
    : jackknife;
}
