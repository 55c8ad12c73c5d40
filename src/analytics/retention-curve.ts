import type { Client, Database } from '../db/pool.ts';
import { bands, type OutcomeSum } from '../outcomes/cells.ts';
import { type FollowUp, kaplanMeier, logRank, survivalAt } from '../stats/survival.ts';
import { benjaminiHochberg } from '../stats/tests.ts';
import {
  type Answer,
  type AnswerRow,
  counted,
  freshness,
  groupColumns,
  groupWords,
  hiddenGroups,
  percent,
  rounded,
  roundedP,
  tooFewPeople,
  tooFewResponses,
} from './answer.ts';
import { prepareQuestion, type Question, type QuestionParameters, shownParameters, wrong } from './question.ts';
import {
  byGroup,
  fromCells,
  fromRows,
  type GroupKey,
  groupNames,
  keyOf,
  readOutcomeSums,
  Statement,
  sourceOf,
  total,
} from './sums.ts';

/** The index responses of one group, by band, each with how long its customer was followed. */
interface Followed extends GroupKey {
  bands: Map<string, FollowUp[]>;
}

const definition = {
  id: 'retention_curve',
  version: 1,
  text: 'Kaplan-Meier estimate of the share of customers who have not left so many days after an index response, of customers with a contract that ran when they answered. Leaving is the first churn after the answer; who has not left is followed through the last complete day. Time is counted in calendar days of the reporting time zone, a churn on the day of the answer as day 1. Greenwood standard error, interval on the log(-log) scale; bands are compared by the log-rank test.',
};

/**
 * The retention curve by band. Open windows are no reason to leave a response out here: it counts for as long as it was
 * followed.
 */
export async function retentionCurve(
  db: Database,
  given: QuestionParameters,
  reader: { personal: boolean },
): Promise<Answer> {
  const question = await prepareQuestion(db, given, reader);
  const known = question.complete_through.get('retention_events') ?? null;
  const asOf = question.as_of === null ? known : new Date(question.as_of);
  if (known && asOf && asOf > known)
    throw wrong('as_of', 'not_complete', `Churn is known through ${known.toISOString()} only.`);
  const { groups, left_out } = await db.read((client) => readFollowed(client, question, asOf), { snapshot: true });
  const told = tellable(groups, question);
  const tests = asOf ? comparisonsOf(groups, told, question) : [];
  const { fresh, warnings } = freshness(question, asOf);
  return {
    question: 'outcomes/retention/curve',
    reads_as: sentence(groups, told, question, asOf),
    definition,
    parameters: shownParameters(question, { window_days: question.window_days, as_of: asOf?.toISOString() ?? null }),
    data: asOf ? groups.flatMap((group) => curveRows(group, told, question)) : [],
    comparisons: tests,
    left_out,
    fresh,
    method: 'Kaplan-Meier, Greenwood, log(-log) interval; log-rank test',
    warnings: [
      ...warnings,
      ...(tests.length > 6 ? [`${tests.length} comparisons were made at once: judge them by q, not by p.`] : []),
    ],
  };
}

async function readFollowed(client: Client, question: Question, asOf: Date | null) {
  const statement = new Statement();
  const source = sourceOf(question, 'survival_cells');
  const cells = source.from === 'cells';
  const { from, where, groups } = cells
    ? fromCells(statement, 'survival_cells', question, source.cuboid)
    : fromRows(statement, question);
  const window = cells ? `c.window_days = ${statement.param(question.window_days)}` : "c.curve_state = 'counted'";
  const names = groups.map((group, at) => `${group} as ${groupNames[at]}, `).join('');
  // A moment that ends a day closes that day; one within a day counts what is known of it.
  const lastDay = `((${statement.param(asOf)}::timestamptz - interval '1 millisecond') at time zone ${statement.param(question.state.time_zone)})::date`;
  const rows = await client.rows<{ band: string; days: number; churned: boolean; n: number } & Record<string, unknown>>(
    `select survey, ${groups.map((_, at) => `${groupNames[at]}, `).join('')} band,
       case when churned then after_days else last_day - answered_on end as days, churned, sum(n)::int8 as n
     from (
       select c.survey, ${names} c.band, c.answered_on, c.churned_after_days as after_days, ${lastDay} as last_day,
         coalesce(c.churned_after_days > 0 and c.answered_on + c.churned_after_days <= ${lastDay}, false) as churned,
         ${cells ? 'c.responses' : '1'} as n
       from ${from} where ${where} and ${window} ${cells ? 'and c.responses <> 0' : ''}
     ) followed
     where answered_on <= last_day
     group by 1, ${groups.map((_, at) => `${at + 2}, `).join('')} band, days, churned`,
    statement.parameters,
  );
  const found = new Map<string, Followed>();
  for (const row of rows) {
    const key = keyOf(row, question);
    const text = JSON.stringify(key);
    const group = found.get(text) ?? { ...key, bands: new Map<string, FollowUp[]>() };
    found.set(text, group);
    const band = group.bands.get(row.band) ?? [];
    group.bands.set(row.band, band);
    band.push({ duration: row.days, event: row.churned, count: row.n });
  }
  return { groups: [...found.values()].sort(byGroup), left_out: await readLeftOut(client, question) };
}

/** Why responses are not on the curve. Who has no contract cannot be seen leaving. */
const reasons: Record<string, OutcomeSum> = {
  anonymous: 'anonymous',
  survey_triggered_by_leaving: 'leaving',
  not_an_index_response: 'not_index',
  no_contract: 'curve_no_contract',
  not_active_when_answered: 'curve_not_active',
};

async function readLeftOut(client: Client, question: Question): Promise<Answer['left_out']> {
  const sums = (await readOutcomeSums(client, question, sourceOf(question, 'outcome_cells'))).flatMap((group) => [
    ...group.bands.values(),
  ]);
  return Object.entries(reasons)
    .map(([reason, sum]) => ({ reason, responses: sums.reduce((all, band) => all + total(band, sum), 0) }))
    .filter(({ responses }) => responses > 0);
}

const followedIn = (rows: readonly FollowUp[]) => rows.reduce((n, { count }) => n + count, 0);

/** The curves that may be shown, and why the others may not. */
function tellable(groups: Followed[], question: Question): Map<FollowUp[], string | null> {
  const told = new Map<FollowUp[], string | null>();
  for (const survey of new Set(groups.map((group) => group.survey)))
    for (const name of bands) {
      const rows = groups.flatMap((group) => {
        const band = group.survey === survey ? group.bands.get(name) : undefined;
        return band ? [{ row: band, people: followedIn(band) }] : [];
      });
      const hidden = hiddenGroups(rows, question.fewest_people);
      for (const { row, people } of rows)
        told.set(
          row,
          hidden.has(row)
            ? tooFewPeople(question.fewest_people)
            : people < question.min_n
              ? tooFewResponses(people, question.min_n)
              : null,
        );
    }
  return told;
}

/** A row at the start, at each day with a churn, and at the end of the window. */
function curveRows(group: Followed, told: Map<FollowUp[], string | null>, question: Question): AnswerRow[] {
  return bands.flatMap((name): AnswerRow[] => {
    const rows = group.bands.get(name);
    if (!rows) return [];
    const columns = { ...groupColumns(group, question), band: name };
    const withheld = told.get(rows) ?? null;
    if (withheld !== null)
      return [
        {
          ...columns,
          day: null,
          at_risk: null,
          churned: null,
          survival: null,
          survival_low: null,
          survival_high: null,
          withheld,
        },
      ];
    const curve = kaplanMeier(rows);
    const points = curve.points.filter(({ time }) => time <= question.window_days);
    const steps = points.map(({ time, at_risk, events, survival, low, high }) => ({
      ...columns,
      day: time,
      at_risk,
      churned: events,
      survival: rounded(survival),
      survival_low: rounded(low),
      survival_high: rounded(high),
      withheld: null,
    }));
    const start = {
      ...columns,
      day: 0,
      at_risk: curve.n,
      churned: 0,
      survival: 1,
      survival_low: null,
      survival_high: null,
      withheld: null,
    };
    const end = survivalAt(curve, question.window_days);
    if (!end || points.at(-1)?.time === question.window_days) return [start, ...steps];
    const last = {
      ...columns,
      day: question.window_days,
      at_risk: end.at_risk,
      churned: 0,
      survival: rounded(end.survival),
      survival_low: rounded(end.low),
      survival_high: rounded(end.high),
      withheld: null,
    };
    return [start, ...steps, last];
  });
}

/** The log-rank test of all bands, and of promoters and passives against detractors. */
function comparisonsOf(groups: Followed[], told: Map<FollowUp[], string | null>, question: Question): AnswerRow[] {
  const found = groups.flatMap((group) => {
    const rowsOf = (name: string) => {
      const rows = group.bands.get(name);
      return rows && told.get(rows) === null ? [rows] : [];
    };
    const test = (names: readonly string[]) => {
      const rows = names.flatMap(rowsOf);
      return rows.length === names.length ? [{ group, names, result: logRank(rows) }] : [];
    };
    return [...test(bands), ...test(['promoter', 'detractor']), ...test(['passive', 'detractor'])];
  });
  const qs = benjaminiHochberg(found.map(({ result }) => result?.p ?? null));
  return found.map(({ group, names, result }, at) => ({
    ...groupColumns(group, question),
    measure: 'log_rank',
    band: names.slice(0, -1).join(', '),
    against: names.at(-1) ?? null,
    chi2: rounded(result?.chi2 ?? null),
    df: result?.df ?? null,
    p: roundedP(result?.p ?? null),
    q: roundedP(qs[at] ?? null),
  }));
}

function sentence(
  groups: Followed[],
  told: Map<FollowUp[], string | null>,
  question: Question,
  asOf: Date | null,
): string {
  if (!asOf) return 'Nothing can be told: no retention events were sent yet. That is not the same as nobody leaving.';
  const group = groups.find(({ bands: of }) => [...of.values()].some((rows) => told.get(rows) === null));
  if (!group) return 'Too few responses of customers with a contract to draw a curve.';
  const parts = bands.flatMap((name) => {
    const rows = group.bands.get(name);
    if (!rows || told.get(rows) !== null) return [];
    const end = survivalAt(kaplanMeier(rows), question.window_days);
    return end ? [`${percent(end.survival)} of ${name}s (${counted(followedIn(rows))} followed)`] : [];
  });
  const many = new Set(groups.map(({ survey }) => survey)).size > 1 ? ` to '${group.survey}'` : '';
  return parts.length === 0
    ? `Nobody was followed for ${question.window_days} days yet.`
    : `${question.window_days} days after answering${many}${groupWords(group, question)}, an estimated ${parts.join(', ')} had not left. An association, not a cause.`;
}
