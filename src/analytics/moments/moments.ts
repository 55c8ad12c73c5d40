import type { Client, Database } from '../../db/pool.ts';
import { nps, npsInterval, wilson } from '../../stats/intervals.ts';
import { type ShareDifference, shareDifference } from '../../stats/shares.ts';
import { withQ } from '../../stats/tests.ts';
import {
  type Answer,
  type AnswerRow,
  freshness,
  qMethod,
  rounded,
  testsIn,
  usualWarnings,
  withheldReason,
} from '../answer.ts';
import { contrastColumns } from '../columns.ts';
import { periodBefore } from '../period-before.ts';
import { prepareQuestion, type Question, type QuestionParameters, shownParameters } from '../question.ts';
import { hasNps } from '../scores/comparisons.ts';
import { clusteredMethod, independent, withAnswerers } from '../scores/customers.ts';
import { keyText, readPeople, readScores, type Scores } from '../scores/sums.ts';
import { hiddenRows, linesOf } from '../small-groups.ts';
import { counted, scoped } from '../words.ts';
import { type Gain, gainOf } from './gains.ts';
import { momentKey, type NamedMoment, readAssociations, readNames } from './read.ts';
import { momentsSentence } from './sentence.ts';

const definition = {
  id: 'moments',
  version: 1,
  text: 'Performance: satisfied_rate, the share of responses at or above satisfied_min of the survey, with the Wilson interval; all responses count. Importance: how much more often customers stayed (retention_gain), and how much more they spent (revenue_gain), after a satisfied index response at that moment than after another one, once the window has elapsed. priority = retention_gain x (1 - satisfied_rate). revenue_at_stake = revenue_gain x responses that are not satisfied.',
};

/** A moment in one survey, as it was found. */
interface MomentFound {
  scores: Scores;
  moment: string;
  named: NamedMoment | undefined;
  isHidden: boolean;
  withheld: string | null;
  change: ShareDifference | null;
  before: Scores | undefined;
  retention: Gain;
  revenue: Gain;
}

/** Importance and performance of each moment of truth. */
export async function moments(db: Database, given: QuestionParameters, reader: { personal: boolean }): Promise<Answer> {
  const question = await prepareQuestion(db, { ...given, group_by: 'moment' }, reader);
  const read = await db.read((client) => readMoments(client, question), { snapshot: true });
  const found = findMoments(read, question);
  const comparisons = comparisonsOf(found);
  const tests = testsIn(comparisons);
  const rows = found.map(rowOf).sort(bySurveyAndPriority);
  const without = read.now.filter(({ groups: [moment] }) => moment === null).reduce((sum, { n }) => sum + n, 0);
  const { fresh, warnings } = freshness(question, question.responses_through);
  return {
    question: 'analytics/moments',
    reads_as: scoped(momentsSentence(rows, question), question),
    definition,
    parameters: shownParameters(question, {
      window_days: question.window_days,
      currency: question.state.currency,
      before_from: read.before?.from.at ?? null,
    }),
    data: rows,
    comparisons,
    left_out: without > 0 ? [{ reason: 'no_moment', responses: without }] : [],
    fresh,
    method: `shares: Wilson, differences from the period before by Newcombe; ${clusteredMethod([...read.now, ...read.past])}; gains: delete-a-group jackknife over 32 groups of customers, of shares by MOVER from Wilson limits with n divided by the design effect${qMethod(tests)}`,
    warnings: [...warnings, ...usualWarnings(rows, tests), ...unasked(read, question)],
  };
}

type Read = Awaited<ReturnType<typeof readMoments>>;

async function readMoments(client: Client, question: Question) {
  const { from, to, state } = question;
  const before = from && to ? await periodBefore(client, state.time_zone, { from, to }) : null;
  const earlier = before && { ...question, ...before };
  return {
    before,
    now: await withAnswerers(client, question, await readScores(client, question)),
    people: await readPeople(client, question),
    past: earlier ? await withAnswerers(client, earlier, await readScores(client, earlier)) : [],
    pastPeople: earlier ? await readPeople(client, earlier) : new Map<string, number>(),
    associations: await readAssociations(client, question),
    names: await readNames(client),
  };
}

function findMoments({ now, people, past, pastPeople, associations, names }: Read, question: Question): MomentFound[] {
  // Responses without a moment are a line of the table too, which keeps them from giving a hidden one away.
  const hidden = hiddenRows(
    now.flatMap((row) => {
      const earlier = past.find((one) => keyText(one) === keyText(row));
      const sides = [
        { n: row.n, seen: people, period: 'now' },
        { n: earlier?.n ?? 0, seen: pastPeople, period: 'before' },
      ];
      return sides.map(({ n, seen, period }) => ({
        row,
        people: Math.min(n, seen.get(keyText(row)) ?? n),
        lines: linesOf(row, period),
      }));
    }),
    question.fewest_people,
  );
  return now.flatMap((scores) => {
    const [moment = null] = scores.groups;
    if (moment === null) return [];
    const isHidden = hidden.has(scores);
    const withheld = withheldReason(scores.n, isHidden, question);
    const before = past.find((one) => keyText(one) === keyText(scores));
    const told = withheld === null;
    const association = told ? associations.get(momentKey(scores.survey, moment)) : undefined;
    return [
      {
        scores,
        moment,
        named: names.get(moment),
        isHidden,
        withheld,
        before: told && before && before.n >= question.min_n ? before : undefined,
        change:
          told && before && before.n >= question.min_n
            ? shareDifference(independent(scores).satisfied, independent(before).satisfied)
            : null,
        retention: gainOf(association, 'retention', question),
        revenue: gainOf(association, 'revenue', question),
      },
    ];
  });
}

function rowOf(found: MomentFound): AnswerRow {
  const { scores, moment, named, isHidden, withheld, change, before, retention, revenue } = found;
  const { kind, counts, n, satisfied } = scores;
  const told = withheld === null;
  const share = told ? wilson(independent(scores).satisfied) : null;
  const net = told && hasNps(kind) ? nps(counts) : null;
  const netInterval = net === null ? null : npsInterval(independent(scores).counts);
  return {
    survey: scores.survey,
    moment,
    name: named?.name ?? null,
    stage: named?.stage ?? null,
    owner: named?.owner ?? null,
    policy_verdict: named?.policy_verdict ?? null,
    responses: isHidden ? null : n,
    satisfied: isHidden ? null : satisfied,
    satisfied_rate: told ? rounded(satisfied / n) : null,
    satisfied_rate_low: rounded(share?.low ?? null),
    satisfied_rate_high: rounded(share?.high ?? null),
    nps: rounded(net),
    nps_low: rounded(netInterval?.low ?? null),
    nps_high: rounded(netInterval?.high ?? null),
    satisfied_rate_before: before ? rounded(before.satisfied / before.n) : null,
    satisfied_change: rounded(change?.difference ?? null),
    satisfied_change_low: rounded(change?.low ?? null),
    satisfied_change_high: rounded(change?.high ?? null),
    retention_n: isHidden ? null : retention.n,
    retention_gain: rounded(retention.difference),
    retention_gain_low: rounded(retention.low),
    retention_gain_high: rounded(retention.high),
    revenue_n: isHidden ? null : revenue.n,
    revenue_gain: rounded(revenue.difference),
    revenue_gain_low: rounded(revenue.low),
    revenue_gain_high: rounded(revenue.high),
    priority: retention.difference === null ? null : rounded(retention.difference * (1 - satisfied / n)),
    revenue_at_stake: revenue.difference === null ? null : rounded(revenue.difference * (n - satisfied)),
    withheld,
  };
}

/** What pays most to improve comes first; what is not told comes last. */
function bySurveyAndPriority(one: AnswerRow, other: AnswerRow): number {
  if (one.survey !== other.survey) return String(one.survey) < String(other.survey) ? -1 : 1;
  const size = ({ priority }: AnswerRow) => (priority === null ? Number.NEGATIVE_INFINITY : Number(priority));
  const [first, second] = [size(one), size(other)];
  return first === second ? 0 : second - first;
}

function comparisonsOf(found: MomentFound[]): (AnswerRow & { p: number | null })[] {
  const all = found.flatMap(({ scores: { survey }, moment, retention, revenue, change }) => [
    ...(['retention', 'revenue'] as const).flatMap((outcome) => {
      const gain = outcome === 'retention' ? retention : revenue;
      const measure = outcome === 'retention' ? 'retention_rate' : 'revenue_after';
      return gain.difference === null
        ? []
        : [{ survey, moment, measure, band: 'satisfied', against: 'not satisfied', ...gain }];
    }),
    ...(change
      ? [{ survey, moment, measure: 'satisfied_rate', band: 'this period', against: 'the period before', ...change }]
      : []),
  ]);
  return withQ(all).map(({ survey, moment, measure, band, against, ...contrast }) => ({
    survey,
    moment,
    measure,
    band,
    against,
    ...contrastColumns(contrast),
  }));
}

/** Moments that are managed and that nobody answered about. */
function unasked({ now, names }: Read, { filters }: Question): string[] {
  if (Object.keys(filters).length > 0) return [];
  const asked = new Set(now.map(({ groups: [moment] }) => moment));
  const missing = [...names].filter(([key, { archived }]) => !archived && !asked.has(key)).map(([key]) => key);
  if (missing.length === 0) return [];
  const more = missing.length > 10 ? ` and ${counted(missing.length - 10)} more` : '';
  return [
    `No response is about ${missing.length === 1 ? 'the moment' : 'the moments'} ${missing.slice(0, 10).join(', ')}${more}.`,
  ];
}
