import type { Client, Database } from '../../db/pool.ts';
import { bands, outcomeSumNames } from '../../outcomes/cells.ts';
import { type LeftOut, withheldReason } from '../answer.ts';
import { type Question, requireKnown } from '../question.ts';
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
import { type Band, type GroupIndividuals, type Individuals, readIndividuals } from './figures.ts';
import type { OutcomeKind } from './measures.ts';

/**
 * Up to this many responses are also read one by one, which tells customers and exact intervals; beyond, sums do. Only
 * where the table is small, since it must be read as a whole.
 */
const fewEnough = { responses: 20_000, bytes: 256 * 1024 ** 2 };

/** A group with its bands that have a response. */
export interface Group extends GroupKey {
  bands: Map<string, Band>;
  /** What single rows tell of all its bands together, where they were read. */
  individuals: Individuals | undefined;
}

/** All bands of a group as one. */
export function wholeOf({ bands: of, individuals }: Group): Band {
  const all = [...of.values()];
  const [first] = all;
  const sums = all
    .map((band) => band.sums)
    .reduce((one, other) => one.map((held, at) => added(held, other[at] ?? held)));
  return { sums, individuals, independent: first?.independent ?? false };
}

const added = (one: BandSums[number], other: BandSums[number]) =>
  Object.fromEntries(outcomeSumNames.map((name) => [name, one[name] + other[name]])) as BandSums[number]; // the same names

/** The groups that an outcome question is about. */
export interface FoundGroups {
  through: Date | null;
  groups: Group[];
  left_out: LeftOut[];
  /** Whether single outcomes were read, so that reading them again costs no more than was spent. */
  read_rows: boolean;
}

/**
 * The moment through which windows are closed, or an earlier `as_of`. Customers with retention events are judged by
 * those, the others by revenue, each as far as that is complete: for retention the later one of the two is told.
 * @throws ApiError 400 for an `as_of` after it.
 */
export function throughOf({ state, as_of }: Question, { outcome }: OutcomeKind): Date | null {
  const ends = [state[`${outcome}_through`], ...(outcome === 'retention' ? [state.revenue_through] : [])];
  const [through = null] = ends.filter((end) => end !== null).sort((one, other) => other.getTime() - one.getTime());
  if (as_of === null || !through) return through;
  const asked = new Date(as_of);
  requireKnown('What happened', asked, through);
  return asked;
}

/**
 * Reads the groups of a question about several outcomes, each as `kinds` has it; none where the dataset of the outcome was
 * never sent. Their sums are read once and see one moment.
 */
export const findGroups = <K extends OutcomeKind>(db: Database, question: Question, kinds: readonly K[]) =>
  db.read((client) => readGroups(client, question, kinds), { snapshot: true });

/** The same on a client, which should be one of a snapshot. */
export async function readGroups<K extends OutcomeKind>(
  client: Client,
  question: Question,
  kinds: readonly K[],
): Promise<(FoundGroups & { kind: K })[]> {
  const source = sourceOf(question, 'outcome_cells');
  const sums = await readOutcomeSums(client, question, source);
  const whole = await readWhole(client, question, sums);
  const isSmall = source.from === 'rows' || (await isSmallTable(client));
  const found = [];
  for (const kind of kinds) {
    const through = throughOf(question, kind);
    const read_rows = source.from === 'rows' || (isSmall && totalOf(whole, kind.n) <= fewEnough.responses);
    const individuals = read_rows ? await readIndividuals(client, question, kind) : undefined;
    found.push({
      kind,
      through,
      groups: through === null ? [] : sums.map((group) => asGroup(group, individuals)),
      left_out: leftOut(whole, kind, through),
      read_rows,
    });
  }
  return found;
}

async function isSmallTable(client: Client): Promise<boolean> {
  const [table] = await client.rows<{ bytes: number }>(`select pg_relation_size('response_outcomes') as bytes`);
  return Number(table?.bytes) <= fewEnough.bytes;
}

const sameGroup = (one: GroupKey, other: GroupKey) =>
  one.survey === other.survey && one.groups.every((value, at) => value === other.groups[at]);

function asGroup({ survey, groups, bands: sums }: GroupSums, individuals: GroupIndividuals[] | undefined): Group {
  const single = individuals?.find((one) => sameGroup(one, { survey, groups }));
  const none = individuals ? { customers: 0, variances: {} } : undefined;
  const found = new Map<string, Band>();
  for (const band of bands) {
    const bandSums = sums.get(band);
    if (!bandSums || total(bandSums, 'responses') === 0) continue;
    found.set(band, {
      sums: bandSums,
      individuals: single?.bands.get(band) ?? none,
      independent: single?.independent ?? false,
    });
  }
  return { survey, groups, bands: found, individuals: single?.whole ?? none };
}

const peopleIn = ({ individuals, sums }: Band, { n }: OutcomeKind) =>
  individuals?.customers ?? filledGroups(sums.map((group) => group[n]));

/** What is shown of a band: nothing, how many responses it has, or (both false and null) its figures. */
export interface Showing {
  hidden: boolean;
  withheld: string | null;
}

/** What is shown of each band. */
export function showingOf(groups: readonly Group[], question: Question, kind: OutcomeKind): Map<Band, Showing> {
  const all = groups.flatMap((group) => [...group.bands].map(([name, band]) => ({ group, name, band })));
  const gone = hiddenRows(
    all.map(({ group, name, band }) => ({ row: band, people: peopleIn(band, kind), lines: linesOf(group, name) })),
    question.fewest_people,
  );
  return new Map(
    all.map(({ band }) => {
      const hidden = gone.has(band);
      return [band, { hidden, withheld: withheldReason(total(band.sums, kind.n), hidden, question) }];
    }),
  );
}

/** Why responses do not count. A dataset that was never sent is a reason of its own. */
export function leftOut(whole: BandSums[], kind: OutcomeKind, through: Date | null): LeftOut[] {
  return Object.entries(kind.left_out)
    .map(([reason, sum]) => ({
      reason: reason === 'window_open' && through === null ? 'no_data' : reason,
      responses: totalOf(whole, sum),
    }))
    .filter(({ responses }) => responses > 0);
}
