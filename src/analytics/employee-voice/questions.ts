import { Type } from 'typebox';
import { type DeclaredQuestion, declareQuestion } from '../declare.ts';
import { count, described, figure, groupedBy, number, questionQuery, rate, text, withheld } from '../schemas.ts';
import { employeeVoice } from './employee-voice.ts';
import { voiceGroupings } from './read.ts';

/** A row of the employees' voice. */
const voiceRow = Type.Object(
  {
    ...groupedBy(voiceGroupings),
    employees: count('How many different employees are named.'),
    suggestions: count('How many suggestions were made.'),
    suggestions_answered: count('How many of them have an answer.'),
    suggestions_incorporated: count('How many of them are incorporated.'),
    ...rate('answered_rate', 'Share of the suggestions that have an answer.'),
    ...figure('days_to_answer', 'Median days to the first answer; null while fewer than half have one.'),
    ...rate('incorporated_rate', 'Share incorporated, of those with an answer.'),
    obstacles: count('How many obstacles were raised.'),
    obstacles_fixed: count('How many of them are fixed.'),
    obstacles_declined: count('How many of them are declined.'),
    ...figure('days_to_fix', 'Median days to the fix; null while fewer than half are fixed.'),
    empowerment_actions: count('How often something was put right on the spot.'),
    ...rate('within_limit_rate', 'Share within the limit, of those whose value and limit are known.'),
    value: number('What they were worth in all, in the reporting currency.'),
    value_n: count('How many have a value that could be converted.'),
    ...rate('follow_up_avoided_rate', 'Share that made a follow-up unnecessary, of those of which it is known.'),
    ...withheld,
  },
  { $id: 'EmployeeVoiceRow', additionalProperties: false },
);

const { unit, from, to, min_n, format } = questionQuery;
/** Whether employees are heard, and use what they are allowed to do. */
export const employeeVoiceQuestions: readonly DeclaredQuestion[] = [
  declareQuestion({
    path: '/v1/analytics/employee-voice',
    operationId: 'getEmployeeVoice',
    summary: 'Whether employees are heard, and use what they are allowed to do',
    description:
      'Suggestions and their answers, obstacles and their fixes, and what employees put right on the spot, by when they were made, raised and taken. It looks at each of them.',
    tag: 'Employee voice',
    query: {
      unit,
      from: described(from, 'Made, raised or taken at or after this; a date begins in the reporting time zone.'),
      to: described(to, 'Made, raised or taken before this.'),
      group_by: text(`One or two of ${voiceGroupings.join(', ')}, separated by a comma.`),
      min_n: described(min_n, 'Figures of fewer are withheld.'),
      format,
    },
    row: voiceRow,
    answer: employeeVoice,
  }),
];
