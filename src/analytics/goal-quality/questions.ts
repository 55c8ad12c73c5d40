import { Type } from 'typebox';
import { nullable } from '../../http/schemas.ts';
import { type DeclaredQuestion, declareQuestion } from '../declare.ts';
import { count, figure, minN, questionQuery, text, withheld } from '../schemas.ts';
import { goalQuality } from './goal-quality.ts';
import { goalGroupings } from './read.ts';
import { asks, ruleNames, rules, threeTests } from './rules.ts';

const columns = <T extends object>(parts: readonly T[]): T => Object.assign({}, ...parts);

const row = Type.Object(
  {
    ...Object.fromEntries(
      goalGroupings.map((name) => [
        name,
        Type.Optional(
          nullable(
            Type.String({
              description: `There when it is grouped by; null ${name === 'unit' ? 'for the whole organisation' : 'for drafts'}.`,
            }),
          ),
        ),
      ]),
    ),
    goals: count('Published goals, also those that were given up since.'),
    passed_all: count('Of these, how many pass all three tests.'),
    ...figure('passed_all_share', 'passed_all / goals.'),
    ...columns(
      threeTests.map((test) => ({
        [`${test}_passed`]: count(`Goals that pass the test of ${test}: each ${asks[test]}.`),
        [`${test}_warned`]: count('Goals with a warning and no failure in it.'),
        [`${test}_failed`]: count('Goals that fail it.'),
        ...figure(`${test}_pass_share`, `${test}_passed / goals.`),
      })),
    ),
    exceptions: count('Published though a test fails, with a recorded exception.'),
    ...columns(ruleNames.map((rule) => ({ [rule]: count(`Published goals of which is found: ${rules[rule]}.`) }))),
    drafts: count('Goals that are not published.'),
    drafts_failing: count('Of these, how many would be refused for a test.'),
    ...withheld,
  },
  { $id: 'GoalQualityRow', additionalProperties: false },
);

/** Whether the goals are good ones. */
export const goalQuestions: readonly DeclaredQuestion[] = [
  declareQuestion({
    path: '/v1/analytics/goal-quality',
    operationId: 'getGoalQuality',
    summary: 'Whether goals focus attention, promote teamwork and motivate from within',
    description:
      'The share of the published goals that pass each of the three tests, how many stand by exception, how many do not pass each rule, and how many drafts would fail. Grouped by year, a goal counts in the year in which it was published; drafts have none.',
    tag: 'Goals',
    query: {
      unit: text('Only goals of this unit and everything below it; not those of the whole organisation.'),
      group_by: text(`One or two of ${goalGroupings.join(', ')}, separated by a comma.`),
      min_n: minN('Shares of fewer goals are withheld.', 1),
      format: questionQuery.format,
    },
    row,
    answer: goalQuality,
  }),
];
