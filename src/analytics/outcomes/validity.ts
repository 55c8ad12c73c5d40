import type { Client, Database } from '../../db/pool.ts';
import { areaUnderCurve } from '../../stats/auc.ts';
import { spearmanOfSums } from '../../stats/rank-sums.ts';
import { withQ } from '../../stats/tests.ts';
import {
  type Answer,
  type AnswerRow,
  freshness,
  groupColumns,
  rounded,
  roundedP,
  usualWarnings,
  withheldReason,
} from '../answer.ts';
import { prepareQuestion, type Question, type QuestionParameters, shownParameters } from '../question.ts';
import { hiddenRows, linesOf } from '../small-groups.ts';
import { readOutcomeSums, readWhole, sourceOf } from '../sums.ts';
import { scoped } from '../words.ts';
import { outcomeWarnings } from './answer.ts';
import { leftOut, throughOf } from './groups.ts';
import { referralsKind, retentionKind, revenueKind } from './measures.ts';
import { type Association, validitySentence } from './validity-sentence.ts';
import { type Criterion, type Judged, readAmounts, readDone, readJudged } from './validity-sums.ts';

const definition = {
  id: 'validity',
  version: 1,
  text: 'Whether a score goes with what customers do after it, over index responses whose window has elapsed: Spearman rank correlation (mid-ranks) of the score with revenue and with referrals in the window after; area under the ROC curve of the score for having referred, and for being retained: the share of pairs of one who did and one who did not in which the one who did had the higher score, ties counting one half. 0 and 0.5 are no association. Where a low score is good it is mirrored, so more is better everywhere.',
};

const criteria: readonly Criterion[] = [
  { name: 'revenue_after', outcome: 'revenue', kind: 'amount', value: 'c.revenue_after' },
  { name: 'referrals_after', outcome: 'referrals', kind: 'amount', value: 'c.referrals_after' },
  { name: 'referred', outcome: 'referrals', kind: 'done', value: '(c.referrals_after > 0)' },
  { name: 'retained', outcome: 'retention', kind: 'done', value: 'c.retained' },
];
const kinds = { revenue: revenueKind, referrals: referralsKind, retention: retentionKind };
const outcomes = ['revenue', 'referrals', 'retention'] as const;

/** Whether the scores of a survey predict what customers do at all. Reads every response of the question. */
export async function validity(
  db: Database,
  given: QuestionParameters,
  reader: { personal: boolean },
): Promise<Answer> {
  const question = await prepareQuestion(db, given, reader);
  const through = outcomes.map((outcome) => throughOf(question, kinds[outcome]));
  const { found, left_out } = await db.read(
    async (client) => ({
      found: await readAll(client, question),
      left_out: await readLeftOut(client, question, through),
    }),
    { snapshot: true },
  );
  const associations = withQ(found.flatMap(({ criterion, judged }) => shownOf(criterion, judged, question)));
  const tests = associations.filter(({ p }) => p !== null).length;
  const ends = through.flatMap((end) => (end ? [end] : []));
  const [earliest = null] = ends.sort((one, other) => one.getTime() - other.getTime());
  const { fresh, warnings } = freshness(question, earliest);
  const data = associations.map((association) => rowOf(association, question));
  const repeats = found.some(({ judged }) => judged.some(({ responses, customers }) => responses > customers));
  return {
    question: 'outcomes/validity',
    reads_as: scoped(validitySentence(associations, tests, question), question),
    definition,
    parameters: shownParameters(question, {
      window_days: question.window_days,
      as_of: question.as_of,
      complete_through: Object.fromEntries(
        outcomes.map((outcome, at) => [outcome, through[at]?.toISOString() ?? null]),
      ),
      currency: question.state.currency,
    }),
    data,
    comparisons: [],
    left_out,
    fresh,
    method: methodOf(repeats, tests),
    warnings: [
      ...new Set([
        ...warnings,
        ...usualWarnings(data, tests),
        ...outcomeWarnings({
          // The reason is told with its outcome.
          left_out: left_out.map((one) => ({ ...one, reason: one.reason.replace(/^.*: /, '') })),
          question,
        }),
      ]),
    ],
  };
}

/** An outcome of a group, and what is told of it. */
interface Told extends Judged {
  told: () => Pick<Association, 'statistic' | 'did' | 'did_not'> & { untold: string };
}

/** One statement after another: a client runs one at a time. */
async function readAll(client: Client, question: Question): Promise<{ criterion: Criterion; judged: Told[] }[]> {
  const found: { criterion: Criterion; judged: Told[] }[] = [];
  const all = await readJudged(client, question);
  for (const criterion of criteria) {
    const once = ({ responses, customers }: Judged) => responses === customers;
    const judged =
      criterion.kind === 'amount'
        ? (await readAmounts(client, question, criterion, all)).map((group) => ({
            ...group,
            told: () => {
              const { rho = null, low = null, high = null, p = null } = spearmanOfSums(group.sums, once(group)) ?? {};
              const same =
                scoresOf(group.sums.map(({ levels }) => levels)) < 2 ? 'the same score' : `the same ${criterion.name}`;
              const untold = group.responses < 3 ? 'fewer than three responses' : `all have ${same}`;
              return { statistic: { value: rho, low, high, p }, did: null, did_not: null, untold };
            },
          }))
        : (await readDone(client, question, criterion, all)).map((group) => ({
            ...group,
            told: () => {
              const of = areaUnderCurve(group.splits, once(group));
              const { auc = null, low = null, high = null, p = null } = of ?? {};
              const did = group.splits.flat().reduce((sum, split) => sum + split.did, 0);
              const did_not = group.responses - did;
              const untold =
                did === 0 || did_not === 0
                  ? `${did === 0 ? 'nobody' : 'everybody'} ${criterion.name === 'referred' ? `referred ${did === 0 ? 'anybody' : 'somebody'}` : 'was retained'}`
                  : 'all have the same score';
              return { statistic: { value: auc, low, high, p }, did, did_not, untold };
            },
          }));
    found.push({ criterion, judged });
  }
  return found;
}

async function readLeftOut(client: Client, question: Question, through: readonly (Date | null)[]) {
  const sums = await readOutcomeSums(client, question, sourceOf(question, 'outcome_cells'));
  const whole = await readWhole(client, question, sums);
  return outcomes.flatMap((outcome, at) =>
    leftOut(whole, kinds[outcome], through[at] ?? null).map(({ reason, responses }) => ({
      reason: `${outcome}: ${reason}`,
      responses,
    })),
  );
}

/** What is told of the groups by one outcome: figures, or why there are none. */
function shownOf(criterion: Criterion, groups: readonly Told[], question: Question): Omit<Association, 'q'>[] {
  const hidden = hiddenRows(
    groups.map((group) => ({ row: group, people: group.customers, lines: linesOf(group, criterion.name) })),
    question.fewest_people,
  );
  const none = { value: null, low: null, high: null, p: null };
  return groups.map((group) => {
    const isHidden = hidden.has(group);
    const why = withheldReason(group.responses, isHidden, question);
    const { untold, ...told } = why === null ? group.told() : { statistic: none, did: null, did_not: null, untold: '' };
    const cannot = told.statistic.value === null ? `cannot be told: ${untold}` : null;
    return {
      survey: group.survey,
      groups: group.groups,
      criterion,
      responses: isHidden ? null : group.responses,
      customers: isHidden ? null : group.customers,
      ...told,
      p: told.statistic.p,
      withheld: why ?? cannot,
    };
  });
}

/** At how many values of the score there is a response. */
const scoresOf = (levels: readonly (readonly unknown[])[]) => levels[0]?.length ?? 0;

function rowOf(association: Association, question: Question): AnswerRow {
  const { criterion, responses, customers, did, did_not, statistic, p, q, withheld } = association;
  const isAmount = criterion.kind === 'amount';
  const columns = (name: string, shown: boolean) => ({
    [name]: shown ? rounded(statistic.value) : null,
    [`${name}_low`]: shown ? rounded(statistic.low) : null,
    [`${name}_high`]: shown ? rounded(statistic.high) : null,
  });
  return {
    ...groupColumns(association, question),
    outcome: criterion.name,
    responses,
    customers,
    did,
    did_not,
    ...columns('spearman', isAmount),
    ...columns('auc', !isAmount),
    p: roundedP(p),
    q: roundedP(q),
    withheld,
  };
}

function methodOf(repeats: boolean, tests: number): string {
  const plain =
    'Spearman on mid-ranks, p by t with n - 2 degrees of freedom, interval of Bonett and Wright; area under the ROC curve with the interval of Newcombe (method 5), p of Mann and Whitney';
  const clustered = repeats
    ? '; where customers count more than once n is divided by the design effect, by the jackknife over 32 groups of customers'
    : '; every customer counts once';
  return `${plain}${clustered}${tests > 1 ? `; q by Benjamini and Hochberg over ${tests} tests` : ''}`;
}
