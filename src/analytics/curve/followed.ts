import type { Client } from '../../db/pool.ts';
import type { OutcomeSum } from '../../outcomes/cells.ts';
import type { FollowUp } from '../../stats/survival.ts';
import type { LeftOut } from '../answer.ts';
import type { Question } from '../question.ts';
import {
  type BandSums,
  byGroup,
  filledGroups,
  fromCells,
  fromRows,
  type GroupKey,
  groupNames,
  hashGroups,
  keyOf,
  readOutcomeSums,
  readWhole,
  Statement,
  sourceOf,
  totalOf,
} from '../sums.ts';

/** The index responses of a band of a group, with how long their customers were followed. */
export interface FollowedBand {
  rows: FollowUp[];
  n: number;
  /** At least how many customers they are. */
  people: number;
}

export interface Followed extends GroupKey {
  bands: Map<string, FollowedBand>;
}

/** What all bands of a group together are called. */
export const allBands = 'all';

/** Why responses are not on the curve. Who has no contract cannot be seen leaving. */
const reasons: Record<string, OutcomeSum> = {
  anonymous: 'anonymous',
  survey_triggered_by_leaving: 'leaving',
  not_an_index_response: 'not_index',
  no_contract: 'curve_no_contract',
  not_active_when_answered: 'curve_not_active',
};

/**
 * Reads how long the customers of each group were followed: from the answer to the first churn, the end of the window
 * or the last day before `asOf`, whichever comes first. Beyond the window a customer's next index response is followed,
 * and nobody's leaving counts twice. Null for `asOf`: nothing is known of leaving. With `pooled` the bands of a group
 * are one.
 */
export async function readFollowed(
  client: Client,
  question: Question,
  asOf: Date | null,
  pooled: boolean,
): Promise<{ groups: Followed[]; left_out: LeftOut[] }> {
  const sums = await readOutcomeSums(client, question, sourceOf(question, 'outcome_cells'));
  const whole = await readWhole(client, question, sums);
  const durations = asOf ? await readDurations(client, question, asOf) : [];
  const themed = question.group_by.includes('theme');
  const once = asOf && themed ? await readDurations(client, { ...question, group_by: [] }, asOf) : durations;

  const found = new Map<string, Followed>();
  for (const { days, churned, n, band, ...row } of durations) {
    if (days === null) continue;
    const key = keyOf(row, question);
    const text = JSON.stringify(key);
    const group = found.get(text) ?? { ...key, bands: new Map<string, FollowedBand>() };
    found.set(text, group);
    const name = pooled ? allBands : band;
    const held = group.bands.get(name) ?? { rows: [], n: 0, people: 0 };
    group.bands.set(name, held);
    held.rows.push({ duration: days, event: churned, count: n });
    held.n += n;
  }
  for (const { survey, groups, bands } of sums)
    for (const [name, band] of found.get(JSON.stringify({ survey, groups }))?.bands ?? [])
      band.people = Math.min(band.n, filledGroups(onCurve(pooled ? [...bands.values()] : [bands.get(name) ?? []])));
  const not_followed_yet = once.reduce((sum, { days, n }) => sum + (days === null ? n : 0), 0);
  const left_out = Object.entries(reasons)
    .map(([reason, sum]) => ({ reason, responses: totalOf(whole, sum) }))
    .concat({ reason: 'not_followed_yet', responses: not_followed_yet })
    .filter(({ responses }) => responses > 0);
  return { groups: [...found.values()].sort(byGroup), left_out };
}

/** How many responses are on the curve, in each group of customers. */
const onCurve = (bands: readonly BandSums[]): number[] =>
  Array.from({ length: hashGroups }, (_, at) =>
    bands.reduce((count, { [at]: sums }) => {
      if (!sums) return count;
      return count + Object.values(reasons).reduce((left, reason) => left - sums[reason], sums.responses);
    }, 0),
  );

/**
 * One row a group, band, number of days (null: answered after the last day) and whether the customer left then. Whoever
 * was followed to the end of the window is in one row, however much longer it was.
 */
async function readDurations(client: Client, question: Question, asOf: Date) {
  const statement = new Statement();
  const source = sourceOf(question, 'survival_cells');
  const cells = source.from === 'cells';
  const { from, where, groups } = cells
    ? fromCells(statement, 'survival_cells', question, source.cuboid)
    : fromRows(statement, question);
  const window = statement.param(question.window_days);
  const counted = cells ? `c.window_days = ${window} and c.responses > 0` : "c.curve_state = 'counted'";
  const names = groups.map((group, at) => `${group} as ${groupNames[at]}, `).join('');
  // A moment that ends a day closes that day; one within a day counts what is known of it.
  const lastDay = `((${statement.param(asOf)}::timestamptz - interval '1 millisecond') at time zone ${statement.param(question.state.time_zone)})::date`;
  return client.rows<{ band: string; days: number | null; churned: boolean; n: number } & Record<string, unknown>>(
    `select survey, ${groups.map((_, at) => `${groupNames[at]}, `).join('')} band, churned,
       case when churned then after_days when seen_days >= 0 then least(seen_days, ${window}) end as days, sum(n)::int8 as n
     from (
       select *, coalesce(after_days > 0 and after_days <= least(seen_days, ${window}), false) as churned
       from (
         select c.survey, ${names} c.band, c.churned_after_days as after_days, ${lastDay} - c.answered_on as seen_days,
           ${cells ? 'c.responses' : '1'} as n
         from ${from} where ${where} and ${counted}
       ) counted
     ) followed
     group by survey, ${groups.map((_, at) => `${groupNames[at]}, `).join('')} band, churned, days`,
    statement.parameters,
  );
}
