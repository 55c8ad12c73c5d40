import type { Client, Database } from '../db/pool.ts';
import { type BandCounts, nps, npsInterval, tInterval, wilson } from '../stats/intervals.ts';
import { benjaminiHochberg, npsDifference, welch } from '../stats/tests.ts';
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
import { isPeriod, prepareQuestion, type Question, type QuestionParameters, shownParameters } from './question.ts';
import { byGroup, fromCells, fromRows, type GroupKey, groupNames, keyOf, Statement, sourceOf } from './sums.ts';

type SurveyKind = 'nps' | 'csat' | 'ces' | 'custom';

/** How many responses of a group gave which score: enough for every figure about scores. */
interface Scores extends GroupKey {
  kind: SurveyKind;
  counts: BandCounts;
  n: number;
  sum: number;
  squares: number;
  satisfied: number;
}

const definition = {
  id: 'scores',
  version: 1,
  text: 'All responses, also anonymous ones. nps = 100 (promoters - detractors) / responses, with the adjusted Wald interval (told for surveys of the kinds nps and custom). satisfied_rate = share of responses on the good side of satisfied_min of the survey (the top two boxes of a CSAT, the easy side of a CES), with the Wilson interval. mean_score = mean with the t interval.',
};

/** NPS, CSAT and CES: by survey, in groups, over time. */
export async function scores(db: Database, given: QuestionParameters, reader: { personal: boolean }): Promise<Answer> {
  const question = await prepareQuestion(db, given, reader);
  const groups = await db.read((client) => readScores(client, question), { snapshot: true });
  const hidden = new Set<Scores>();
  for (const survey of new Set(groups.map((group) => group.survey)))
    for (const group of hiddenGroups(
      groups.filter((group) => group.survey === survey).map((group) => ({ row: group, people: group.n })),
      question.fewest_people,
    ))
      hidden.add(group);
  const told = groups.filter((group) => !hidden.has(group) && group.n >= question.min_n);
  const comparisons = comparisonsOf(told, question);
  const through = question.complete_through.get('responses') ?? null;
  const { fresh, warnings } = freshness(question, question.as_of === null ? through : new Date(question.as_of));
  const tests = comparisons.filter(({ p }) => p !== null).length;
  if (told.length < groups.length)
    warnings.push(
      `${groups.length - told.length} of ${groups.length} rows have too few responses or people to tell a figure.`,
    );
  if (tests > 6) warnings.push(`${tests} comparisons were made at once: judge them by q, not by p.`);
  return {
    question: 'analytics/scores',
    reads_as: sentence(told, question),
    definition,
    parameters: shownParameters(question, { as_of: question.as_of }),
    data: groups.map((group) => rowOf(group, question, hidden.has(group))),
    comparisons,
    left_out: [],
    fresh,
    method: 'NPS: adjusted Wald interval, differences by the z test; shares: Wilson; means: t',
    warnings,
  };
}

async function readScores(client: Client, question: Question): Promise<Scores[]> {
  const statement = new Statement();
  const source = sourceOf(question, 'score_cells');
  const cells = source.from === 'cells';
  const shortest = { ...question, window_days: Math.min(...question.state.windows_days) };
  const { from, where, groups } = cells
    ? fromCells(statement, 'score_cells', question, source.cuboid)
    : fromRows(statement, shortest);
  const names = groups.map((group, at) => `${group} as ${groupNames[at]}, `).join('');
  const rows = await client.rows<
    { kind: SurveyKind; band: string; score: number; satisfied: boolean; n: number } & Record<string, unknown>
  >(
    `select c.survey, ${names} s.kind, c.band, c.score,
       case when s.higher_is_better then c.score else s.scale_min + s.scale_max - c.score end >= s.satisfied_min as satisfied,
       ${cells ? 'sum(c.responses)::int8' : 'count(*)'} as n
     from ${from} join surveys s on s.key = c.survey where ${where}
     group by c.survey, ${groups.map((_, at) => `${groupNames[at]}, `).join('')} s.key, c.band, c.score
     having ${cells ? 'sum(c.responses)' : 'count(*)'} > 0`,
    statement.parameters,
  );
  const found = new Map<string, Scores>();
  for (const row of rows) {
    const key = keyOf(row, question);
    const text = JSON.stringify(key);
    const group = found.get(text) ?? {
      ...key,
      kind: row.kind,
      counts: { promoters: 0, passives: 0, detractors: 0 },
      n: 0,
      sum: 0,
      squares: 0,
      satisfied: 0,
    };
    found.set(text, group);
    const band = row.band === 'promoter' ? 'promoters' : row.band === 'passive' ? 'passives' : 'detractors';
    group.counts[band] += row.n;
    group.n += row.n;
    group.sum += row.n * row.score;
    group.squares += row.n * row.score ** 2;
    if (row.satisfied) group.satisfied += row.n;
  }
  return [...found.values()].sort(byGroup);
}

const hasNps = (kind: SurveyKind) => kind === 'nps' || kind === 'custom';

const meanOf = ({ n, sum, squares }: Scores) => ({
  n,
  mean: sum / n,
  variance: n > 1 ? Math.max(0, (squares - sum ** 2 / n) / (n - 1)) : null,
});

function rowOf(group: Scores, question: Question, isHidden: boolean): AnswerRow {
  const { kind, counts, n, satisfied } = group;
  const withheld = isHidden
    ? tooFewPeople(question.fewest_people)
    : n < question.min_n
      ? tooFewResponses(n, question.min_n)
      : null;
  const told = withheld === null;
  const count = (value: number) => (isHidden ? null : value);
  const score = told && hasNps(kind) ? nps(counts) : null;
  const scoreInterval = score === null ? null : npsInterval(counts);
  const share = told ? wilson({ successes: satisfied, n }) : null;
  const { mean, variance } = meanOf(group);
  const meanInterval = told && variance !== null ? tInterval(mean, Math.sqrt(variance / n), n - 1) : null;
  return {
    ...groupColumns(group, question),
    kind,
    responses: count(n),
    promoters: count(counts.promoters),
    passives: count(counts.passives),
    detractors: count(counts.detractors),
    nps: rounded(score),
    nps_low: rounded(scoreInterval?.low ?? null),
    nps_high: rounded(scoreInterval?.high ?? null),
    satisfied: count(satisfied),
    satisfied_rate: told ? rounded(satisfied / n) : null,
    satisfied_rate_low: rounded(share?.low ?? null),
    satisfied_rate_high: rounded(share?.high ?? null),
    mean_score: told ? rounded(mean) : null,
    mean_score_low: rounded(meanInterval?.low ?? null),
    mean_score_high: rounded(meanInterval?.high ?? null),
    withheld,
  };
}

/** Each period against the one before it, or each group against all others of its survey. */
function comparisonsOf(groups: Scores[], question: Question): AnswerRow[] {
  const period = question.group_by.findIndex(isPeriod);
  if (question.group_by.length === 0) return [];
  const pairs = groups.flatMap((group) => {
    if (period >= 0) {
      // The groups are in order, so the period before is the last one that differs in nothing else.
      const before = groups
        .slice(0, groups.indexOf(group))
        .filter(
          (one) =>
            one.survey === group.survey && one.groups.every((value, at) => at === period || value === group.groups[at]),
        )
        .at(-1);
      return before ? [{ group, other: before, against: before.groups[period] ?? null }] : [];
    }
    const rest = groups.filter((one) => one.survey === group.survey && one !== group);
    // With several themes a response is in several groups, so what is left is not another set of responses.
    if (rest.length === 0 || question.group_by.includes('theme')) return [];
    return [{ group, other: rest.reduce(merge), against: 'all other groups' }];
  });
  const found = pairs.map(({ group, other, against }) => {
    const difference = hasNps(group.kind)
      ? npsDifference(group.counts, other.counts)
      : welch(meanOf(group), meanOf(other));
    return { group, against, measure: hasNps(group.kind) ? 'nps' : 'mean_score', difference };
  });
  const qs = benjaminiHochberg(found.map(({ difference }) => difference?.p ?? null));
  return found.map(({ group, against, measure, difference }, at) => ({
    ...groupColumns(group, question),
    measure,
    against,
    difference: rounded(difference?.difference ?? null),
    difference_low: rounded(difference?.low ?? null),
    difference_high: rounded(difference?.high ?? null),
    p: roundedP(difference?.p ?? null),
    q: roundedP(qs[at] ?? null),
  }));
}

const merge = (one: Scores, other: Scores): Scores => ({
  ...one,
  counts: {
    promoters: one.counts.promoters + other.counts.promoters,
    passives: one.counts.passives + other.counts.passives,
    detractors: one.counts.detractors + other.counts.detractors,
  },
  n: one.n + other.n,
  sum: one.sum + other.sum,
  squares: one.squares + other.squares,
  satisfied: one.satisfied + other.satisfied,
});

function sentence(groups: Scores[], question: Question): string {
  const [group] = groups.toSorted((one, other) => other.n - one.n);
  if (!group) return 'No group has enough responses to tell a score.';
  const row = rowOf(group, question, false);
  const largest = question.group_by.length > 0 ? `, the largest group${groupWords(group, question)}` : '';
  if (group.kind === 'nps')
    return `The NPS of '${group.survey}'${largest} is ${Number(row.nps).toFixed(1)} (95% interval ${Number(row.nps_low).toFixed(1)} to ${Number(row.nps_high).toFixed(1)}; ${counted(group.n)} responses).`;
  const word = group.kind === 'ces' ? 'found it easy' : 'were satisfied';
  return `${percent(Number(row.satisfied_rate))} ${word} in '${group.survey}'${largest} (95% interval ${percent(Number(row.satisfied_rate_low))} to ${percent(Number(row.satisfied_rate_high))}; ${counted(group.n)} responses).`;
}
