import type { Client } from '../../db/pool.ts';
import type { Band as BandName } from '../../outcomes/cells.ts';
import { type GroupedShare, noContrast, sharesContrast } from '../../stats/shares.ts';
import { benjaminiHochberg } from '../../stats/tests.ts';
import { type AnswerRow, groupColumns, rounded, roundedP, testsIn, withheldReason } from '../answer.ts';
import { type Band, type Contrast, contrastOf, type Figure, figureOf, groupedShare } from '../outcomes/figures.ts';
import { retentionKind } from '../outcomes/measures.ts';
import type { Question } from '../question.ts';
import { hiddenRows, linesOf } from '../small-groups.ts';
import { readOutcomeSums, sourceOf, total } from '../sums.ts';
import { type Exposure, type GroupExposure, type Standing, standings } from './exposure.ts';

/** One survey and group, with what is told of each standing in it. */
export interface Risk {
  group: GroupExposure;
  rows: Map<Standing, RiskRow>;
  /** The expected loss of detractors and passives together. */
  loss: Contrast;
}
interface RiskRow {
  exposure: Exposure;
  churn_n: number | null;
  churn: Figure;
  loss: Figure;
  isHidden: boolean;
  withheld: string | null;
}

const unknown: Figure = { value: null, low: null, high: null };
const [retained] = retentionKind.measures;

/** Who stayed, by survey and band. */
type Churn = Map<string, Map<BandName, Band>>;

/** Who stayed, by survey and band: of everybody, so that the rows of an answer add up however it is grouped. */
export async function readChurn(client: Client, question: Question): Promise<Churn> {
  const everybody = { ...question, filters: {}, group_by: [] };
  const sums = await readOutcomeSums(client, everybody, sourceOf(everybody, 'outcome_cells'));
  return new Map(
    sums.map(({ survey, bands }) => [
      survey,
      new Map(
        [...bands].map(([name, band]) => [
          // The bands of the cells are those of the surveys.
          name as BandName,
          { sums: band, individuals: undefined, independent: false },
        ]),
      ),
    ]),
  );
}

const judged = (band: Band | undefined) => total(band?.sums, retentionKind.n);

/** The share that left is one less the share that stayed; its limits change places. */
function churnOf(band: Band): Figure {
  if (!retained) return unknown;
  const { value, low, high } = figureOf(band, retentionKind, retained);
  const left = (share: number | null) => (share === null ? null : 1 - share);
  return { value: left(value), low: left(high), high: left(low) };
}

/** How much more of a band left than of promoters: how much more of promoters stayed. */
const excessOf = (promoters: Band, band: Band): Contrast =>
  retained ? contrastOf(promoters, band, retentionKind, retained) : noContrast;

function times(revenue: number, { difference, low, high }: Contrast): Figure {
  if (difference === null) return unknown;
  const limits = low === null || high === null ? null : [revenue * low, revenue * high].sort((a, b) => a - b);
  return { value: revenue * difference, low: limits?.[0] ?? null, high: limits?.[1] ?? null };
}

/** What is told of each survey and group; standings of few people are hidden from readers who may not see them. */
export function risksOf(groups: GroupExposure[], churn: Churn, question: Question): Risk[] {
  const all = groups.flatMap((group) => [...group.standings].map(([name, exposure]) => ({ group, name, exposure })));
  const hidden = hiddenRows(
    all.map(({ group, name, exposure }) => ({
      row: exposure,
      people: exposure.customers,
      // Other questions tell the revenue of a group as a whole, so its standings are a line too.
      lines: [...linesOf(group, name), JSON.stringify(['standings', group.survey, group.groups])],
    })),
    question.fewest_people,
  );
  return groups.map((group) => {
    const bands = churn.get(group.survey);
    const rows = new Map(
      standings.flatMap((name) => {
        const exposure = group.standings.get(name);
        return exposure ? [[name, rowOf(name, exposure, bands, hidden.has(exposure), question)] as const] : [];
      }),
    );
    return { group, rows, loss: lossOf(rows, bands) };
  });
}

function rowOf(
  name: Standing,
  exposure: Exposure,
  bands: Map<BandName, Band> | undefined,
  isHidden: boolean,
  question: Question,
): RiskRow {
  const nothing = { exposure, churn_n: null, churn: unknown, loss: unknown, isHidden };
  if (isHidden) return { ...nothing, withheld: withheldReason(0, true, question) };
  if (name === 'unknown') return { ...nothing, withheld: null };
  const band = bands?.get(name);
  const promoters = bands?.get('promoter');
  const churn_n = judged(band);
  const withheld = withheldReason(churn_n, false, question);
  if (!band || withheld !== null) return { ...nothing, churn_n, withheld };
  const told = { ...nothing, churn_n, churn: churnOf(band) };
  if (name === 'promoter') return { ...told, loss: { value: 0, low: 0, high: 0 }, withheld: null };
  const without = withheldReason(judged(promoters), false, question);
  if (!promoters || without !== null) return { ...told, withheld: `promoters: ${without}` };
  return { ...told, loss: times(exposure.revenue, excessOf(promoters, band)), withheld: null };
}

/** The expected loss of detractors and passives together: what each paid x how many fewer of it than of promoters stay. */
function lossOf(rows: Risk['rows'], bands: Map<BandName, Band> | undefined): Contrast {
  const promoters = bands?.get('promoter');
  if (!promoters || !retained) return noContrast;
  const terms: { weight: number; of: GroupedShare }[] = [];
  for (const name of ['detractor', 'passive'] as const) {
    const row = rows.get(name);
    const band = bands?.get(name);
    if (!row) continue;
    if (row.loss.value === null || !band) return noContrast;
    terms.push({ weight: -row.exposure.revenue, of: groupedShare(band, retentionKind, retained) });
  }
  if (terms.length === 0) return noContrast;
  const weight = -terms.reduce((sum, term) => sum + term.weight, 0);
  return sharesContrast([...terms, { weight, of: groupedShare(promoters, retentionKind, retained) }], false);
}

/** The rows of a group. */
export function rowsOf({ group, rows }: Risk, question: Question): AnswerRow[] {
  const whole = [...group.standings.values()].reduce((sum, { revenue }) => sum + revenue, 0);
  return [...rows].map(([name, row]) => ({
    ...groupColumns(group, question),
    band: name,
    customers: row.isHidden ? null : row.exposure.customers,
    revenue: row.isHidden ? null : rounded(row.exposure.revenue),
    revenue_share: row.isHidden || whole <= 0 ? null : rounded(row.exposure.revenue / whole),
    churn_n: row.churn_n,
    churn_rate: rounded(row.churn.value),
    churn_rate_low: rounded(row.churn.low),
    churn_rate_high: rounded(row.churn.high),
    expected_loss: rounded(row.loss.value),
    expected_loss_low: rounded(row.loss.low),
    expected_loss_high: rounded(row.loss.high),
    withheld: row.withheld,
  }));
}

/** The churn of bands against promoters' (not by group, since it is the survey's), and the loss of the two together. */
export function comparisonsOf(risks: Risk[], churn: Churn, question: Question) {
  const found = risks.flatMap(({ group, rows, loss }) => {
    const bands = churn.get(group.survey);
    const promoters = bands?.get('promoter');
    const rates = (['detractor', 'passive'] as const).flatMap((name) => {
      const band = bands?.get(name);
      const isTold = question.group_by.length === 0 && rows.get(name)?.loss.value !== null;
      if (!band || !promoters || !isTold || !rows.has(name)) return [];
      return [{ group, measure: 'churn_rate', band: name as string, contrast: excessOf(promoters, band) }];
    });
    if (loss.difference === null) return rates;
    return [...rates, { group, measure: 'expected_loss', band: 'detractor, passive', contrast: loss }];
  });
  const qs = benjaminiHochberg(found.map(({ contrast }) => contrast.p));
  const comparisons = found.map(
    ({ group, measure, band, contrast }, at): AnswerRow => ({
      ...groupColumns(group, question),
      measure,
      band,
      against: 'promoter',
      difference: rounded(contrast.difference),
      difference_low: rounded(contrast.low),
      difference_high: rounded(contrast.high),
      p: roundedP(contrast.p),
      q: roundedP(qs[at] ?? null),
    }),
  );
  return { comparisons, tests: testsIn(found.map(({ contrast }) => contrast)) };
}
