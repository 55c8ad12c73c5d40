import type { Client, Database } from '../../db/pool.ts';
import { badParameter } from '../../errors.ts';
import { wilson } from '../../stats/intervals.ts';
import { type Answer, type AnswerRow, alwaysFresh, groupValues, hiddenReason, qMethod, rounded } from '../answer.ts';
import { type QuestionParameters, readGroupBy } from '../question.ts';
import { hiddenRows, linesOf } from '../small-groups.ts';
import { narrowed, readAsked } from './asked.ts';
import { compareChecks, comparisonRow } from './compare-checks.ts';
import { consistencySentence } from './consistency-sentence.ts';
import { type Checks, type ChecksAsked, checkGroupings, readAround, readChecks } from './read-checks.ts';

export const consistencyDefinition = {
  id: 'vision_consistency',
  version: 1,
  text: 'consistency_rate = vision checks of which every answer was clear and consistent / vision checks. Grouped by question: answers to it that were clear and consistent / answers to it. A check belongs to the day on which the employee was asked. Archived checks are left out.',
};

interface ConsistencyParameters extends Pick<QuestionParameters, 'unit' | 'from' | 'to' | 'min_n'> {
  group_by?: string;
  vision?: string;
}

/** Whether employees know the vision: how many could say all of it clearly, and consistently. */
export async function visionConsistency(
  db: Database,
  { group_by: groups, vision, ...given }: ConsistencyParameters,
  reader: { personal: boolean },
): Promise<Answer> {
  const group_by = readGroupBy(groups, checkGroupings);
  return db.read(
    async (client) => {
      if (vision !== undefined) await requireVision(client, vision);
      const asked: ChecksAsked = { ...(await readAsked(client, given, reader)), group_by, vision: vision ?? null };
      return answer(asked, await readCounted(client, asked), await readAround(client, asked));
    },
    { snapshot: true },
  );
}

async function requireVision(client: Client, vision: string): Promise<void> {
  const [known] = await client.rows('select from visions where id = $1', [vision]);
  if (!known)
    throw badParameter('vision', 'unknown_vision', `There is no vision '${vision}'. GET /v1/visions lists them.`);
}

/** What was counted, and which of it a reader may not see. */
interface Counted {
  groups: Checks[];
  hidden: Set<Checks>;
}

async function readCounted(client: Client, asked: ChecksAsked): Promise<Counted> {
  const groups = await readChecks(client, asked);
  const question = asked.group_by.indexOf('question');
  // An answer that is not grouped by question does not tell the sum over questions: the same people answered each.
  const hidden = hiddenRows(
    groups.map((row) => ({ row, people: row.checks, lines: linesOf(row).filter((_, at) => at !== question) })),
    asked.fewest_people,
  );
  return { groups, hidden };
}

/** The rows of a question about vision checks, as its answer has them. */
export async function readConsistencyRows(client: Client, asked: ChecksAsked): Promise<AnswerRow[]> {
  const { groups, hidden } = await readCounted(client, asked);
  return groups.map((group) => rowOf(group, asked, hidden.has(group)));
}

function rowOf(group: Checks, asked: ChecksAsked, isHidden: boolean): AnswerRow {
  const { min_n } = asked;
  const { checks, clear, consistent } = group;
  const few = checks < min_n ? `fewer than ${min_n} vision checks` : null;
  const withheld = isHidden ? hiddenReason(asked) : few;
  const interval = withheld === null ? wilson({ successes: consistent, n: checks }) : null;
  const count = (value: number) => (isHidden ? null : value);
  return {
    ...groupValues(group, asked),
    checks: count(checks),
    clear: count(clear),
    consistent: count(consistent),
    consistency_rate: withheld === null ? rounded(consistent / checks) : null,
    consistency_rate_low: rounded(interval?.low ?? null),
    consistency_rate_high: rounded(interval?.high ?? null),
    withheld,
  };
}

function answer(
  asked: ChecksAsked,
  { groups, hidden }: Counted,
  { archived, visions }: { archived: number; visions: number },
): Answer {
  const { group_by, vision, filters, from, to, min_n, state } = asked;
  const seen = groups.filter((group) => !hidden.has(group));
  const comparisons = compareChecks(
    seen.filter(({ checks }) => checks >= min_n),
    seen,
    group_by,
  );
  const data = groups.map((group) => rowOf(group, asked, hidden.has(group)));
  const withheld = data.filter((row) => row.withheld !== null).length;
  return {
    question: 'analytics/vision-consistency',
    reads_as: narrowed(
      consistencySentence(data, comparisons, group_by),
      asked,
      'asked',
      vision === null ? [] : ['one vision'],
    ),
    definition: consistencyDefinition,
    parameters: {
      unit: filters.unit ?? null,
      vision,
      group_by,
      from: from?.at ?? null,
      to: to?.at ?? null,
      min_n,
      time_zone: state.time_zone,
    },
    data,
    comparisons: comparisons.map((one) => comparisonRow(one, asked)),
    left_out: archived > 0 ? [{ reason: 'archived', vision_checks: archived }] : [],
    fresh: alwaysFresh,
    method: `shares: Wilson, differences by Newcombe; each check counts as one employee, also where somebody was asked twice${qMethod(comparisons.length)}`,
    warnings: [
      ...(withheld > 0 ? [`${withheld} of ${data.length} rows have too few checks or people to tell a figure.`] : []),
      ...(visions > 1
        ? [
            `These checks are about ${visions} different visions: a new one takes time to be known. \`vision\` asks for one.`,
          ]
        : []),
      ...(comparisons.length > 6
        ? [`${comparisons.length} comparisons were made at once: judge them by q, not by p.`]
        : []),
    ],
  };
}
