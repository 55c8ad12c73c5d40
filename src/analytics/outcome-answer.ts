import type { Client, Database } from '../db/pool.ts';
import { bands } from '../outcomes/cells.ts';
import { benjaminiHochberg } from '../stats/tests.ts';
import {
  type Answer,
  type AnswerRow,
  counted,
  freshness,
  groupColumns,
  hiddenGroups,
  rounded,
  roundedP,
  tooFewPeople,
  tooFewResponses,
} from './answer.ts';
import type { OutcomeKind } from './measures.ts';
import { type Band, contrastOf, figureOf, type GroupIndividuals, readIndividuals } from './outcome-figures.ts';
import { prepareQuestion, type Question, type QuestionParameters, shownParameters, wrong } from './question.ts';
import { type GroupKey, type GroupSums, readOutcomeSums, sourceOf, total } from './sums.ts';

/** Up to this many responses are also read one by one, which tells customers and exact intervals; beyond, sums do. */
const fewEnough = 20_000;

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
  groups: Group[];
  rows: AnswerRow[];
  comparisons: Comparison[];
  left_out: Answer['left_out'];
  method: string;
}

/**
 * Through when the dataset that the outcome comes from is complete; a past `as_of` instead where one is asked for.
 * Retention is judged by retention events and, for customers without any, by revenue: the later one of the two holds.
 */
function throughOf(question: Question, { outcome }: OutcomeKind): Date | null {
  const known = (dataset: string) => question.complete_through.get(dataset) ?? null;
  const through =
    outcome === 'revenue'
      ? known('revenue_events')
      : outcome === 'referrals'
        ? known('referrals')
        : (known('retention_events') ?? known('revenue_events'));
  if (question.as_of === null || !through) return through;
  const asked = new Date(question.as_of);
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
  const { sums, individuals } = await db.read((client) => readGroups(client, question, kind), { snapshot: true });
  const groups = sums.map((group) => asGroup(group, individuals, kind));
  const isIndependent =
    individuals !== undefined && groups.every(({ bands }) => [...bands.values()].every((band) => band.independent));
  const answerable = through === null ? [] : groups;
  const { rows, shown } = rowsOf(answerable, question, kind);
  return {
    kind,
    question,
    through,
    groups: answerable,
    rows,
    comparisons: comparisonsOf(answerable, kind, shown),
    left_out: leftOut(groups, kind, through),
    method: isIndependent
      ? 'every customer counts once: t and Wilson intervals, differences by Welch and Newcombe'
      : 'delete-a-group jackknife over 32 groups of customers; shares by Wilson with n divided by the design effect',
  };
}

async function readGroups(client: Client, question: Question, kind: OutcomeKind) {
  const source = sourceOf(question, 'outcome_cells');
  const sums = await readOutcomeSums(client, question, source);
  const n = sums.reduce(
    (all, { bands }) => all + [...bands.values()].reduce((of, band) => of + total(band, kind.n), 0),
    0,
  );
  const individuals =
    source.from === 'rows' || n <= fewEnough ? await readIndividuals(client, question, kind) : undefined;
  return { sums, individuals };
}

const sameGroup = (one: GroupKey, other: GroupKey) =>
  one.survey === other.survey && one.groups.every((value, at) => value === other.groups[at]);

function asGroup(
  { survey, groups, bands: sums }: GroupSums,
  individuals: GroupIndividuals[] | undefined,
  kind: OutcomeKind,
): Group {
  const single = individuals?.find((one) => sameGroup(one, { survey, groups }));
  const found = new Map<string, Band>();
  for (const band of bands) {
    const bandSums = sums.get(band);
    if (bandSums && total(bandSums, 'responses') > 0)
      found.set(band, {
        sums: bandSums,
        individuals: single?.bands.get(band) ?? (individuals ? { customers: 0, variances: {} } : undefined),
        independent: single?.independent ?? false,
      });
  }
  // Without a response that counts there is nothing to be dependent.
  if (individuals && !single)
    for (const band of found.values()) if (total(band.sums, kind.n) === 0) band.independent = true;
  return { survey, groups, bands: found };
}

/** The rows, and the bands of groups whose figures are shown in them. */
function rowsOf(groups: Group[], question: Question, kind: OutcomeKind): { rows: AnswerRow[]; shown: Set<Band> } {
  const shown = new Set<Band>();
  const hidden = new Set<Band>();
  for (const survey of new Set(groups.map((group) => group.survey)))
    for (const name of bands) {
      const rows = groups.flatMap((group) => {
        const band = group.survey === survey ? group.bands.get(name) : undefined;
        return band ? [{ row: band, people: band.individuals?.customers ?? total(band.sums, kind.n) }] : [];
      });
      for (const band of hiddenGroups(rows, question.fewest_people)) hidden.add(band);
    }
  const rows = groups.flatMap((group) =>
    [...group.bands].map(([name, band]) => {
      const n = total(band.sums, kind.n);
      const withheld = hidden.has(band)
        ? tooFewPeople(question.fewest_people)
        : n < question.min_n
          ? tooFewResponses(n, question.min_n)
          : null;
      if (withheld === null) shown.add(band);
      const row: AnswerRow = {
        ...groupColumns(group, question),
        band: name,
        responses: hidden.has(band) ? null : n,
        customers: hidden.has(band) ? null : (band.individuals?.customers ?? null),
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
    }),
  );
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
function leftOut(groups: Group[], kind: OutcomeKind, through: Date | null): Answer['left_out'] {
  const of = (sum: Parameters<typeof total>[1]) =>
    groups.reduce((all, { bands }) => all + [...bands.values()].reduce((n, band) => n + total(band.sums, sum), 0), 0);
  return Object.entries(kind.left_out)
    .map(([reason, sum]) => ({
      reason: reason === 'window_open' && through === null ? 'no_data' : reason,
      responses: of(sum),
    }))
    .filter(({ responses }) => responses > 0);
}

/** Puts the findings into an answer; `sentence` says them in words. */
export function answerOf(name: string, findings: Findings, sentence: (findings: Findings) => string): Answer {
  const { kind, question, through, rows, comparisons, left_out, method } = findings;
  const { fresh, warnings } = freshness(question, through);
  return {
    question: name,
    reads_as: through === null ? noData(kind) : sentence(findings),
    definition: kind.definition,
    parameters: shownParameters(question, {
      window_days: question.window_days,
      as_of: (question.as_of === null ? through : new Date(question.as_of))?.toISOString() ?? null,
      currency: question.state.currency,
    }),
    data: rows,
    comparisons: comparisons.map((comparison) => comparisonRow(comparison, question)),
    left_out,
    fresh,
    method,
    warnings: [...warnings, ...outcomeWarnings(findings)],
  };
}

const noData = ({ outcome }: OutcomeKind) =>
  `Nothing can be told: no ${outcome === 'revenue' ? 'revenue events' : outcome === 'referrals' ? 'referrals' : 'retention or revenue events'} were sent yet. That is not the same as zero.`;

export function outcomeWarnings({ rows, comparisons, left_out, question }: Findings): string[] {
  const withheld = rows.filter((row) => row.withheld !== null).length;
  const tests = comparisons.filter(({ p }) => p !== null).length;
  const noRate = left_out.find(({ reason }) => reason === 'no_exchange_rate');
  return [
    ...(withheld > 0 ? [`${withheld} of ${rows.length} rows have too few responses or people to tell a figure.`] : []),
    ...(tests > 6 ? [`${tests} comparisons were made at once: judge them by q, not by p.`] : []),
    ...(noRate
      ? [
          `${counted(noRate.responses)} responses are left out because a payment has no exchange rate to ${question.state.currency}: send it to /v1/exchange-rates.`,
        ]
      : []),
    ...(question.group_by.includes('theme') || question.filters.theme !== undefined
      ? ['A response with several themes counts in each of them, so groups do not add up to the whole.']
      : []),
  ];
}

/** Prepares, finds and words one outcome question. */
export async function answerOutcome(
  db: Database,
  given: QuestionParameters,
  reader: { personal: boolean },
  name: string,
  kind: OutcomeKind,
  sentence: (findings: Findings) => string,
): Promise<Answer> {
  const question = await prepareQuestion(db, given, reader);
  return answerOf(name, await findOutcome(db, question, kind), sentence);
}
