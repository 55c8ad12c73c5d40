import { chiSquareP, z } from './distributions.ts';

/** `count` subjects who were followed for `duration`, until the event or until they went out of sight (censored). */
export interface FollowUp {
  duration: number;
  event: boolean;
  count: number;
}

/** The curve at a time of events: it steps down here, and holds until the next point. */
export interface SurvivalPoint {
  time: number;
  /** Subjects followed at least this long; who is censored at this very time is still at risk. */
  at_risk: number;
  events: number;
  survival: number;
  /**
   * Greenwood's. It and the limits are null where the curve has come down to 0: there nothing is left that could vary.
   */
  standard_error: number | null;
  low: number | null;
  high: number | null;
}

/** A Kaplan-Meier curve. */
export interface SurvivalCurve {
  n: number;
  events: number;
  /** The times with events, in order. */
  points: SurvivalPoint[];
  /** How many leave (by event or censoring) at each duration, in order. */
  leaving: { duration: number; count: number }[];
}

/** A curve read at one time. */
export interface SurvivalAt {
  at_risk: number;
  survival: number;
  low: number | null;
  high: number | null;
}

/** The log-rank test; observed and expected events in the order of the groups. */
export interface LogRank {
  observed: number[];
  expected: number[];
  chi2: number;
  df: number;
  p: number;
}

/**
 * The Kaplan-Meier estimate, S(t) = product over event times t_i <= t of (1 - d_i / n_i), with Greenwood's standard
 * error, S sqrt(sum d_i / (n_i (n_i - d_i))), and the 95% interval on the log(-log) scale, S^exp(+- z s / |log S|)
 * where s is that root. At a tie, events come before censoring.
 * E. L. Kaplan and P. Meier (1958), JASA 53, 457-481; the same as R's survfit with conf.type = "log-log".
 *
 * @param rows in any order, any number of them with the same duration; those that count nobody are passed over.
 */
export function kaplanMeier(rows: readonly FollowUp[]): SurvivalCurve {
  const table = lifeTable(rows);
  let survival = 1;
  let hazard = 0;
  const points = table
    .filter(({ events }) => events > 0)
    .map(({ time, at_risk, events }): SurvivalPoint => {
      survival *= (at_risk - events) / at_risk;
      hazard += events / (at_risk * (at_risk - events));
      const point = { time, at_risk, events, survival };
      if (survival <= 0) return { ...point, standard_error: null, low: null, high: null };
      const spread = Math.exp((z * Math.sqrt(hazard)) / -Math.log(survival));
      return {
        ...point,
        standard_error: survival * Math.sqrt(hazard),
        low: survival ** spread,
        high: survival ** (1 / spread),
      };
    });
  return {
    n: table[0]?.at_risk ?? 0,
    events: table.reduce((sum, { events }) => sum + events, 0),
    points,
    leaving: table.map(({ time, leaving }) => ({ duration: time, count: leaving })),
  };
}

/**
 * The curve at a time: survival with its interval, and how many are still at risk.
 * Before the first event survival is 1 and the interval null: nothing was seen that tells how far it may be off.
 *
 * @returns null past the last duration, unless the curve has come down to 0 by then: nobody was followed that long.
 */
export function survivalAt(curve: SurvivalCurve, time: number): SurvivalAt | null {
  const atRisk = curve.leaving.reduce((sum, { duration, count }) => (duration >= time ? sum + count : sum), 0);
  const point = curve.points.findLast((candidate) => candidate.time <= time);
  if (atRisk === 0 && point?.survival !== 0) return null;
  return {
    at_risk: atRisk,
    survival: point?.survival ?? 1,
    low: point?.low ?? null,
    high: point?.high ?? null,
  };
}

/**
 * The median time to the event, the first time with S(t) <= 1/2, and its interval: the first times at which the
 * curve's lower and upper limits are at 1/2 or below. R. Brookmeyer and J. Crowley (1982), Biometrics 38, 29-41.
 *
 * @returns each null where its curve never comes down to 1/2.
 */
export function medianSurvival(curve: SurvivalCurve): {
  median: number | null;
  low: number | null;
  high: number | null;
} {
  // A product of exact halves may round to a little more than 1/2.
  const first = (figure: (point: SurvivalPoint) => number | null) =>
    curve.points.find((point) => (figure(point) ?? 1) <= 0.5 + 1e-12)?.time ?? null;
  return { median: first((p) => p.survival), low: first((p) => p.low), high: first((p) => p.high) };
}

/**
 * The log-rank test of k groups: at each event time E_gj = d_j n_gj / n_j, with the hypergeometric covariance
 * V_gh = sum over j of d_j (n_j - d_j) / (n_j - 1) n_gj / n_j ([g = h] - n_hj / n_j), and
 * chi2 = (O - E)' V^-1 (O - E) over all groups but one.
 * R. Peto and J. Peto (1972), JRSS A 135, 185-207; the same as R's survdiff: groups with nothing expected (no row, or
 * all gone before the first event) do not count towards the k - 1 degrees of freedom.
 *
 * @returns null when fewer than two groups have expected events, and when nothing varies: all who are at risk have the
 * event at once.
 */
export function logRank(groups: readonly (readonly FollowUp[])[]): LogRank | null {
  const tables = groups.map(lifeTable);
  const moments = eventMoments(tables);
  const observed = tables.map((table) => sum(table, (row) => row.events));
  const expected = groups.map((_, g) => sum(moments, ({ events, shares }) => events * (shares[g] ?? 0)));
  const compared = groups.map((_, g) => g).filter((g) => (expected[g] ?? 0) > 0);
  if (compared.length < 2) return null;

  // The deviations sum to 0, so the last group adds nothing.
  const free = compared.slice(0, -1);
  const covariance = free.map((g) =>
    free.map((h) =>
      sum(moments, ({ spread, shares }) => spread * (shares[g] ?? 0) * (Number(g === h) - (shares[h] ?? 0))),
    ),
  );
  const deviations = free.map((g) => (observed[g] ?? 0) - (expected[g] ?? 0));
  const chi2 = inverseForm(covariance, deviations);
  const p = chiSquareP(chi2, free.length);
  return p === null ? null : { observed, expected, chi2, df: free.length, p };
}

interface LifeTableRow {
  time: number;
  at_risk: number;
  events: number;
  leaving: number;
}

function lifeTable(rows: readonly FollowUp[]): LifeTableRow[] {
  const byTime = new Map<number, LifeTableRow>();
  for (const { duration, event, count } of rows) {
    if (!(count > 0)) continue;
    const row = byTime.get(duration) ?? { time: duration, at_risk: 0, events: 0, leaving: 0 };
    byTime.set(duration, row);
    row.leaving += count;
    if (event) row.events += count;
  }
  const table = [...byTime.values()].sort((a, b) => a.time - b.time);
  let atRisk = 0;
  for (const row of table.toReversed()) {
    atRisk += row.leaving;
    row.at_risk = atRisk;
  }
  return table;
}

/**
 * Each time with events in any of the tables: how many, d (n - d) / (n - 1), and each group's share of those at risk.
 */
function eventMoments(tables: LifeTableRow[][]): { events: number; spread: number; shares: number[] }[] {
  const times = new Set(tables.flatMap((table) => table.filter((row) => row.events > 0).map((row) => row.time)));
  const cursors = tables.map((table) => ({ table, next: 0 }));
  return [...times]
    .sort((a, b) => a - b)
    .map((time) => {
      const rows = cursors.map((cursor) => {
        while ((cursor.table[cursor.next]?.time ?? time) < time) cursor.next += 1;
        return cursor.table[cursor.next];
      });
      const n = sum(rows, (row) => row?.at_risk ?? 0);
      const events = sum(rows, (row) => (row?.time === time ? row.events : 0));
      return {
        events,
        spread: n > 1 ? (events * (n - events)) / (n - 1) : 0,
        shares: rows.map((row) => (row?.at_risk ?? 0) / n),
      };
    });
}

/** x' A^-1 x for a symmetric A, one variable eliminated at a time. NaN or infinite when A is singular: a pivot is 0. */
function inverseForm(a: number[][], x: number[]): number {
  const [[pivot = 0, ...rest] = [], ...below] = a;
  const [x0 = 0, ...others] = x;
  if (a.length === 0) return 0;
  const ratios = rest.map((value) => value / pivot);
  return (
    x0 ** 2 / pivot +
    inverseForm(
      below.map(([, ...row], i) => row.map((value, j) => value - (ratios[i] ?? 0) * (rest[j] ?? 0))),
      others.map((value, i) => value - (ratios[i] ?? 0) * x0),
    )
  );
}

const sum = <T>(items: readonly T[], figure: (item: T) => number) =>
  items.reduce((total, item) => total + figure(item), 0);
