import { Type } from 'typebox';
import { closings } from '../../outcomes/follow-ups.ts';
import { type DeclaredQuestion, declareQuestion } from '../declare.ts';
import {
  contrast,
  count,
  described,
  figure,
  groupedBy,
  number,
  questionQuery,
  rate,
  text,
  window,
  withheld,
  word,
} from '../schemas.ts';
import { contacts } from './figures.ts';
import { followUps } from './follow-ups.ts';
import { followUpGroupings } from './read.ts';

/** A row of the follow-ups. */
const followUpsRow = Type.Object(
  {
    ...groupedBy(followUpGroupings),
    contact: Type.Enum([...contacts], {
      description:
        '`all`, or those that were due: whose customer was `contacted` by the first due time, and whose was not.',
    }),
    follow_ups: count('How many there are.'),
    not_closed: count('How many of them are not closed.'),
    ...Object.fromEntries(closings.map((one) => [one, count('How many were closed so.')])),
    ...rate('contacted_in_time_rate', 'Share contacted by the first due time, of all that were due.'),
    ...rate('closed_in_time_rate', 'Share closed by the first due time, of those that were due.'),
    ...figure('hours_to_contact', 'Median hours from the opening to the contact; null while fewer than half had one.'),
    ...figure(
      'hours_to_close',
      'Median hours from the opening to the closing; null while fewer than half were closed.',
    ),
    ...rate('save_rate', 'Share still customers at the end of the window, of customers when it was due.'),
    ...rate('rescue_rate', 'Share whose next score lies in a higher band, of those who answered again.'),
    ...rate('win_back_rate', 'Share who bought again in the window, of those who had left when it was due.'),
    revenue_won_back: number('What these paid net in the window, in the reporting currency.'),
    promises: count('How many hold a promise.'),
    ...rate('promises_kept_rate', 'Share kept, of the promises said to be kept or not.'),
    ...withheld,
  },
  { $id: 'FollowUpsRow', additionalProperties: false },
);

const comparison = Type.Object(
  {
    ...groupedBy(followUpGroupings),
    measure: word('The figure that is compared.'),
    contact: word('Those contacted in time ...'),
    against: word('... with those not contacted in time.'),
    ...contrast('The first minus the second.'),
  },
  { $id: 'FollowUpsComparison', additionalProperties: false },
);

const { survey, unit, from, to, as_of, min_n, format } = questionQuery;
/** What became of follow-ups. */
export const followUpQuestions: readonly DeclaredQuestion[] = [
  declareQuestion({
    path: '/v1/analytics/follow-ups',
    operationId: 'getFollowUpResults',
    summary: 'Whether follow-ups are in time, and what a contact goes with',
    description:
      'Beside those contacted in time always those who were not: upset customers improve a little anyway. It looks at each follow-up and what its customer did, so it takes time in proportion to them.',
    tag: 'Follow-ups',
    query: {
      survey: described(survey, 'Only follow-ups that a response to this survey opened.'),
      unit,
      owner: text('Only of this owner.'),
      from: described(from, 'Opened at or after this; a date begins in the reporting time zone.'),
      to: described(to, 'Opened before this.'),
      group_by: text(`One or two of ${followUpGroupings.join(', ')}, separated by a comma.`),
      window_days: described(
        window.window_days,
        'How long after the due time; one of the windows in the settings. 180 unless given.',
      ),
      as_of: described(
        as_of,
        'As things stood then: without what was opened, done and answered later. Owners and promises are those of today.',
      ),
      min_n: described(min_n, 'Figures of fewer follow-ups are withheld.'),
      format,
    },
    row: followUpsRow,
    comparison,
    answer: followUps,
  }),
];
