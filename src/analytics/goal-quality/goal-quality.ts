import type { Database } from '../../db/pool.ts';
import { readTimeZone } from '../../db/settings.ts';
import { wilson } from '../../stats/intervals.ts';
import { type Answer, type AnswerRow, alwaysFresh, groupValues } from '../answer.ts';
import { figureColumns } from '../columns.ts';
import { readGroupBy } from '../question.ts';
import { type GoalsAsked, goalGroupings, type Quality, readQuality } from './read.ts';
import { ruleNames, threeTests } from './rules.ts';
import { qualitySentence } from './sentence.ts';

const definition = {
  id: 'goal_quality',
  version: 1,
  text: 'Of the published goals, also those that were given up since: the share that pass each of the three tests (focus, teamwork, intrinsic), without a failure and without a warning; how many stand by exception, published though a test fails; and for each rule how many do not pass it. A goal is counted as it stands now. drafts_failing: goals that are not published and that would be refused for a test. Archived goals are left out.',
};

interface QualityParameters {
  unit?: string;
  group_by?: string;
  min_n?: number;
}

/** Whether the goals are good ones: what the three tests find in those that are published, and in drafts. */
export function goalQuality(
  db: Database,
  // There are a few goals, and each can be read: nothing is withheld unless that is asked for.
  { unit, min_n = 1, group_by: groups }: QualityParameters,
): Promise<Answer> {
  const group_by = readGroupBy(groups, goalGroupings);
  return db.read(
    async (client) => {
      const asked: GoalsAsked = { unit: unit ?? null, group_by, min_n, time_zone: await readTimeZone(client) };
      const found = await readQuality(client, asked);
      const told = found.filter(({ goals, drafts }) => goals + drafts > 0 || group_by.length === 0);
      const data = told.map((quality) => rowOf(quality, asked));
      const few = told.filter(({ goals }) => goals > 0 && goals < min_n).length;
      const archived = found.reduce((sum, one) => sum + one.archived, 0);
      return {
        question: 'analytics/goal-quality',
        reads_as: qualitySentence(told, asked),
        definition,
        parameters: { ...asked },
        data,
        comparisons: [],
        left_out: archived > 0 ? [{ reason: 'archived', goals: archived }] : [],
        fresh: alwaysFresh,
        method: 'shares: Wilson, which takes the goals for a sample of those that the organisation would set',
        warnings: few > 0 ? [`${few} of ${data.length} rows have too few goals to tell a share.`] : [],
      };
    },
    { snapshot: true },
  );
}

function rowOf(quality: Quality, asked: GoalsAsked): AnswerRow {
  const { min_n } = asked;
  const { goals, passed_all, exceptions, drafts, drafts_failing } = quality;
  const few = goals < min_n ? `fewer than ${min_n} goals` : null;
  const withheld = goals === 0 ? 'no goal is published' : few;
  const share = (name: string, passed: number): AnswerRow => {
    if (withheld !== null) return figureColumns(name, null, null, null);
    const interval = wilson({ successes: passed, n: goals });
    return figureColumns(name, passed / goals, interval?.low ?? null, interval?.high ?? null);
  };
  return {
    ...groupValues(quality, asked),
    ...{ goals, passed_all, ...share('passed_all_share', passed_all) },
    ...Object.assign(
      {},
      ...threeTests.map((test) => ({
        [`${test}_passed`]: quality[`${test}_passed`],
        [`${test}_warned`]: quality[`${test}_warned`],
        [`${test}_failed`]: quality[`${test}_failed`],
        ...share(`${test}_pass_share`, quality[`${test}_passed`]),
      })),
    ),
    exceptions,
    ...Object.fromEntries(ruleNames.map((rule) => [rule, quality[rule]])),
    ...{ drafts, drafts_failing, withheld },
  };
}
