import type { Database } from '../../db/pool.ts';
import { type GroupedShare, type ShareContrast, shareFigure } from '../../stats/shares.ts';
import { withQ } from '../../stats/tests.ts';
import {
  type Answer,
  type AnswerRow,
  freshness,
  groupColumns,
  qMethod,
  rounded,
  roundedP,
  testsIn,
  usualWarnings,
  withheldReason,
} from '../answer.ts';
import { figureColumns } from '../columns.ts';
import type { Reader } from '../declare.ts';
import { prepareQuestion, type Question, type QuestionParameters, requireKnown, shownParameters } from '../question.ts';
import { hiddenRows, linesOf } from '../small-groups.ts';
import { scoped } from '../words.ts';
import { leftDifference, meanRevenue, partShare, wholeOf } from './loyalty-figures.ts';
import { loyaltySentence, type ToldPart } from './loyalty-sentence.ts';
import {
  answers,
  type LoyaltyGroup,
  type LoyaltyPart,
  nobody,
  type PartName,
  quadrants,
  readLeftOut,
  readLoyalty,
} from './loyalty-sums.ts';

export const loyaltyDefinition = {
  id: 'loyalty',
  version: 1,
  text: 'Index responses whose windows have elapsed, of customers who were active when they answered. Loyal: active W days later and bought again or made a referral in (t, t + W]. Apostles gave a top answer (the band of promoters) and were loyal, mercenaries gave one and were not; hostages gave another and were loyal, defectors gave another and were not. Beside these four, the same responses by how good the answer was: top; satisfied (from satisfied_min up, short of the top; where that is the top itself, as in NPS, the passives); not_satisfied. Left: not active W days later, by retention events, and for customers without any, by whether they bought again. Read from the outcomes one by one, not from kept sums: it takes longer the more responses are asked about.',
};

interface LeftComparison extends ShareContrast {
  group: LoyaltyGroup;
  band: PartName;
  q: number | null;
}

/** Satisfied is a "C": what customers said against what they did, and how many of the satisfied left. */
export async function loyalty(db: Database, given: QuestionParameters, reader: Reader): Promise<Answer> {
  const question = await prepareQuestion(db, given, reader);
  const through = throughOf(question);
  const { groups, left_out } = await db.read(
    async (client) => ({
      groups: through === null ? [] : await readLoyalty(client, question),
      left_out: await readLeftOut(client, question),
    }),
    { snapshot: true },
  );
  const rows = rowsOf(groups, question);
  const comparisons = compareLeft(groups, rows, question);
  const tests = testsIn(comparisons);
  const data = rows.map(({ row }) => row);
  const { fresh, warnings } = freshness(question, through);
  return {
    question: 'analytics/loyalty',
    reads_as: scoped(loyaltySentence(rows, through, question), question),
    definition: loyaltyDefinition,
    parameters: shownParameters(question, {
      window_days: question.window_days,
      as_of: question.as_of ?? through?.toISOString() ?? null,
      currency: question.state.currency,
    }),
    data,
    comparisons: comparisons.map(({ group, band, difference, low, high, p, q }) => ({
      ...groupColumns(group, question),
      measure: 'left_rate',
      band,
      against: 'top',
      difference: rounded(difference),
      difference_low: rounded(low),
      difference_high: rounded(high),
      p: roundedP(p),
      q: roundedP(q),
    })),
    left_out: left_out.map(({ reason, responses }) => ({
      reason: reason === 'window_open' && through === null ? 'no_data' : reason,
      responses,
    })),
    fresh,
    method: `where every customer counts once: Wilson and t intervals, differences by Newcombe; else the delete-a-group jackknife over 32 groups of customers, shares by Wilson with n divided by the design effect, their differences by MOVER from these limits${qMethod(tests)}`,
    warnings: [...warnings, ...usualWarnings(data, tests), ...neverSent(question)],
  };
}

/**
 * Through when what happened is known: the earliest of the datasets that were sent, as each of them must have come so
 * far for a window to be counted; null where nothing tells who stayed.
 * @throws ApiError 400 for an `as_of` that no dataset has come to.
 */
function throughOf({ state, as_of }: Question): Date | null {
  if (state.revenue_through === null && state.retention_through === null) return null;
  const ends = [state.revenue_through, state.referrals_through, state.retention_through]
    .filter((end) => end !== null)
    .sort((one, other) => one.getTime() - other.getTime());
  const [first = null, last = ends.at(-1)] = [ends[0]];
  if (as_of === null || !last) return first;
  const asked = new Date(as_of);
  requireKnown('What happened', asked, last);
  return first && first < asked ? first : asked;
}

const neverSent = ({ state }: Question): string[] => [
  ...(state.revenue_through === null && state.retention_through !== null
    ? ['No revenue events were sent yet, so only customers who made a referral are loyal.']
    : []),
  ...(state.referrals_through === null
    ? ['No referrals were sent yet, so only customers who bought again are loyal.']
    : []),
];

const all: readonly PartName[] = [...quadrants, ...answers];
const isQuadrant = (name: PartName) => quadrants.some((one) => one === name);
const halves: Partial<Record<PartName, string>> = {
  apostle: 'top half',
  mercenary: 'top half',
  hostage: 'lower half',
  defector: 'lower half',
  satisfied: 'lower answers',
  not_satisfied: 'lower answers',
};

function rowsOf(groups: LoyaltyGroup[], question: Question): ToldPart[] {
  const parts = groups.flatMap((group) => all.map((name) => ({ group, part: group.parts.get(name) ?? nobody(name) })));
  const hidden = hiddenRows(
    parts.map((one) => {
      const { group, part } = one;
      // Two by two they add up to halves, and the four and the three to the whole. Halves first: they hide less.
      const sums = [halves[part.name], isQuadrant(part.name) ? 'quadrants' : 'answers'];
      return {
        row: part,
        people: part.whole.customers,
        lines: [
          ...linesOf(group, part.name),
          ...sums.flatMap((sum) => (sum ? [JSON.stringify([sum, group.survey, group.groups])] : [])),
        ],
      };
    }),
    question.fewest_people,
  );
  return parts.map(({ group, part }) => ({ group, part, row: rowOf(group, part, hidden.has(part), question) }));
}

/** @param isGiven whether it is 0 or 1 by what the part is, so that an interval would tell nothing */
function shareColumns(name: string, share: GroupedShare, told: boolean, isGiven = false): AnswerRow {
  const { value, low, high } = told ? shareFigure(share) : { value: null, low: null, high: null };
  return figureColumns(name, value, isGiven ? null : low, isGiven ? null : high);
}

function rowOf(group: LoyaltyGroup, part: LoyaltyPart, isHidden: boolean, question: Question): AnswerRow {
  const { n, customers, loyal, left_customers, revenue } = part.whole;
  const among = wholeOf(group);
  const withheld = withheldReason(n, isHidden, question);
  const told = withheld === null;
  const count = (value: number) => (isHidden ? null : value);
  const hasRevenue = question.state.revenue_through !== null;
  const mean = told && hasRevenue ? meanRevenue(group, part) : null;
  return {
    ...groupColumns(group, question),
    part: isQuadrant(part.name) ? 'quadrant' : 'answer',
    name: part.name,
    responses: count(n),
    customers: count(customers),
    ...shareColumns('share', partShare(part, 'n', among), !isHidden && among.whole.n >= question.min_n),
    loyal: count(loyal),
    ...shareColumns('loyal_rate', partShare(part, 'loyal', part), told, isQuadrant(part.name)),
    left: count(left_customers),
    ...shareColumns(
      'left_rate',
      partShare(part, 'left_customers', part),
      told,
      part.name === 'apostle' || part.name === 'hostage',
    ),
    revenue_after: rounded(mean?.value ?? null),
    revenue_after_low: rounded(mean?.low ?? null),
    revenue_after_high: rounded(mean?.high ?? null),
    revenue_total: told && hasRevenue ? rounded(revenue) : null,
    withheld,
  };
}

/** How much more often customers left who gave a lower answer than the top. */
function compareLeft(groups: LoyaltyGroup[], rows: ToldPart[], { min_n }: Question): LeftComparison[] {
  const isTold = (part: LoyaltyPart) =>
    part.whole.n >= min_n && rows.some((one) => one.part === part && one.row.withheld === null);
  const found = groups.flatMap((group) => {
    const top = group.parts.get('top');
    if (!top || !isTold(top)) return [];
    return (['satisfied', 'not_satisfied'] as const).flatMap((band) => {
      const part = group.parts.get(band);
      return part && isTold(part) ? [{ group, band, ...leftDifference(group, part, top) }] : [];
    });
  });
  return withQ(found);
}
