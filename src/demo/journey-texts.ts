import { dayMs } from './life.ts';

/** A day of the calendar so many days before a moment, in UTC. */
const daysBefore = (now: number, days: number) => new Date(now - days * dayMs).toISOString().slice(0, 10);

export const vision = {
  statement: 'Everybody comes home to a room that feels right, and tells a friend about it.',
  present_state: 'We deliver what was ordered, most of it on the promised day.',
  future_state: 'We know how people live, and our customers bring us their friends.',
  is_simple: true,
  names_the_service: true,
  has_present_and_future: true,
  stories: [
    {
      text: 'Marta drove a forgotten bag of screws to a customer on her way home, before he had noticed.',
      behaviour: 'make-customers-special',
    },
    {
      text: 'Otto told a customer that the cheaper lamp would do, and she came back for the table.',
      behaviour: 'be-fair',
    },
  ],
};

const computed = { source: 'computed', cadence: 'quarter' };

export const mileMarkers = [
  {
    ...{ ...computed, key: 'nps', name: 'Customers who recommend us (NPS)', metric: 'nps' },
    ...{ filters: { survey: 'nps' }, owner: 'Ines' },
  },
  {
    ...{ ...computed, key: 'come-back', name: 'Customers who stay or buy again within 90 days', metric: 'retention' },
    ...{ filters: { survey: 'nps', window_days: 90 }, owner: 'Paul' },
  },
  {
    ...{ ...computed, key: 'who-answers', name: 'Customers who answer when asked', metric: 'response_rate' },
    ...{ cadence: 'month', filters: { survey: 'nps' }, owner: 'Ines' },
  },
  {
    ...{ ...computed, key: 'know-the-vision', name: 'Colleagues who know the vision' },
    ...{ metric: 'vision_consistency', owner: 'Lea' },
  },
  {
    ...{ key: 'on-the-day', name: 'Deliveries on the promised day', source: 'readings', cadence: 'month' },
    ...{ unit_of_measure: 'share', interval_kind: 'proportion', owner: 'Jan' },
  },
];

/** Deliveries on the promised day and all of them, from June 2025 to June 2026. */
const deliveries: [string, number, number][] = [
  ['2025-06', 792, 1_101],
  ['2025-07', 771, 1_064],
  ['2025-08', 762, 1_049],
  ['2025-09', 813, 1_112],
  ['2025-10', 851, 1_133],
  ['2025-11', 902, 1_207],
  ['2025-12', 931, 1_262],
  ['2026-01', 796, 1_034],
  ['2026-02', 800, 1_021],
  ['2026-03', 872, 1_098],
  ['2026-04', 933, 1_159],
  ['2026-05', 961, 1_171],
  ['2026-06', 999, 1_187],
];
export const readings = deliveries.map(([month, numerator, denominator]) => ({
  ...{ mile_marker: 'on-the-day', period_start_on: `${month}-01`, numerator, denominator },
}));

const twoYears = { starts_on: '2025-07-01', ends_on: '2027-12-31' };

/** Goals that pass the three tests, and what those who work on them say. */
export const goals = [
  {
    goal: {
      ...{ ...twoYears, name: 'More friends of the house', mile_marker: 'nps', direction: 'increase_to' },
      ...{ baseline: 5, target: 25, stretch: 35, owner: 'Ines', behaviours: ['keep-your-word', 'apologise'] },
      gaming_risk: 'Only happy customers are asked, or asked at the right moment.',
      ...{ guard_mile_markers: ['who-answers'], outcome_mile_marker: 'come-back' },
      ...{ declared_status: 'on_track', declared_note: 'The calls before the delivery have only just begun.' },
    },
    checkIns: [
      { value: 9, confidence: 7, note: 'Calls before the delivery begin in spring.', checked_in_by: 'Ines' },
      { value: 6, confidence: 5, note: 'Assembly is what they complain of now.', checked_in_by: 'Ines' },
    ],
    talkedAbout: [4, 32, 60],
  },
  {
    goal: {
      ...{ ...twoYears, name: 'There on the promised day', mile_marker: 'on-the-day', direction: 'increase_to' },
      ...{ baseline: 0.72, target: 0.95, committed: 0.9, owner: 'Jan', behaviours: ['keep-your-word'] },
      gaming_risk: 'Days are promised that are easy to keep, so customers wait longer.',
      ...{ guard_mile_markers: ['nps'], outcome_mile_marker: 'come-back' },
    },
    checkIns: [{ confidence: 8, note: 'Two more vans on Saturdays.', checked_in_by: 'Jan' }],
    talkedAbout: [4, 18],
  },
  {
    goal: {
      ...{ ...twoYears, name: 'Two of three come back', mile_marker: 'come-back', direction: 'stay_above' },
      ...{ target: 0.67, owner: 'Paul', behaviours: ['invite-back', 'thank-customers'] },
      gaming_risk: 'Vouchers bring them back once, at a loss.',
      ...{ guard_mile_markers: ['on-the-day'], outcome_mile_marker: 'nps' },
    },
    checkIns: [],
    // By the month was agreed: overdue.
    talkedAbout: [88],
  },
];

/** A draft that the three tests refuse. */
export const refusedGoal = {
  ...{ ...twoYears, name: 'Store of the month', mile_marker: 'nps', direction: 'increase_to', baseline: 5, target: 40 },
  ...{ owner: 'Paul', accountable: 'individual', ranks_people: true, reward: 'bonus' },
};

/** Where some goals, by their places in `goals`, were talked about. */
export const discussions = (now: number) =>
  [...new Set(goals.flatMap(({ talkedAbout }) => talkedAbout))]
    .sort((one, other) => other - one)
    .map((days) => ({
      discussed_on: daysBefore(now, days),
      about: goals.flatMap(({ talkedAbout }, at) => (talkedAbout.includes(days) ? [at] : [])),
      place: 'Monday meeting of the store managers',
      actions: 'Each store calls its three most upset customers before Friday.',
    }));

const once = { next_review_on: '2027-01-15' };

export const alignmentReviews = [
  ['hiring', 'Do we ask applicants when they last helped a stranger?', 'yes', '2026-02-03', once],
  ['hiring', 'Do future colleagues meet an applicant?', 'no', '2026-02-03', { next_review_on: '2026-08-03' }],
  ['training', 'Does everybody spend a day on a delivery van?', 'no', '2025-09-10', {}],
  ['training', 'Does everybody spend a day on a delivery van?', 'yes', '2026-03-12', once],
  ['training', 'Is the vision told in the first week?', 'yes', '2026-03-12', once],
  ['policies', 'May everybody put things right up to 50 EUR?', 'yes', '2026-01-20', once],
  ['policies', 'Can a customer return goods without a receipt?', 'no', '2026-01-20', { next_review_on: '2026-07-20' }],
  ['discussion', 'Is the scorecard talked about every Monday?', 'yes', '2026-05-04', once],
].map(([area, question, answer, reviewed_on, more]) => ({
  ...{ area, question, answer, reviewed_on, owner: 'Lea' },
  ...Object(more),
}));

export const obstacles = [
  {
    ...{ title: 'Drivers cannot call customers from the van', moment: 'delivery', raised_by: 'Jan', severity: 'high' },
    ...{ owner: 'logistics', raised_at: '2025-03-12T08:00:00Z', status: 'fixed', fixed_at: '2025-06-01T00:00:00Z' },
  },
  {
    ...{ title: 'Fitters see no plan of the room', moment: 'assembly', raised_by: 'Marta', severity: 'high' },
    ...{ owner: 'logistics', raised_at: '2026-02-09T09:30:00Z', status: 'fixing' },
  },
  {
    ...{ title: 'Refunds need two signatures', raised_by: 'Otto', severity: 'medium', unit: 'north-1' },
    ...{ raised_at: '2026-04-20T15:00:00Z', status: 'accepted' },
  },
];

export const suggestions = [
  {
    ...{ text: 'Call every customer an hour before the van comes.', by: 'Jan', moment: 'delivery', unit: 'coast-1' },
    ...{ made_at: '2026-01-12T07:40:00Z', status: 'incorporated', answered_at: '2026-01-19T10:00:00Z' },
    answer: 'All drivers do now. Thank you, Jan.',
    voters: ['Ines', 'Marta', 'Otto', 'Paul', 'Lea'],
  },
  {
    ...{ text: 'Put a spare bag of screws into every van.', by: 'Marta', moment: 'assembly', unit: 'north-2' },
    ...{ made_at: '2026-02-02T16:10:00Z', status: 'incorporated', answered_at: '2026-02-04T09:00:00Z' },
    answer: 'They are in the vans.',
    voters: ['Jan', 'Otto', 'Ines'],
  },
  {
    ...{ text: 'Let us refund up to 100 EUR without a signature.', by: 'Otto', unit: 'north-1' },
    ...{ made_at: '2026-04-20T15:20:00Z', status: 'considering', answered_at: '2026-05-11T12:00:00Z' },
    answer: 'We try it in two stores until the summer.',
    voters: ['Marta', 'Lea', 'Jan', 'Ines'],
  },
  {
    ...{ text: 'Open the garden stores at seven in April and May.', by: 'Lea', unit: 'south-2' },
    ...{ made_at: '2026-03-03T18:00:00Z', status: 'declined', answered_at: '2026-03-20T11:00:00Z' },
    answer: 'Two stores tried it last year, and nobody came before nine.',
    voters: [],
  },
  {
    ...{ text: 'Show on the web which store has the thing in stock.', unit: 'web-eu', made_at: '2026-06-15T13:00:00Z' },
    voters: ['Paul', 'Jan'],
  },
  {
    ...{
      text: 'A chair for whoever waits at the pick-up.',
      by: 'Ines',
      unit: 'south-1',
      made_at: '2026-06-22T10:30:00Z',
    },
    voters: ['Lea'],
  },
];

/** What employees gave on the spot: who, where, to whom, when, what, and what it was worth; they may give 50 EUR. */
export const empowermentActions = [
  ['Marta', 'north-2', 'C-00014', '2026-01-22', 'A new table top, brought the same evening', '42.00', true],
  ['Jan', 'coast-1', 'C-00103', '2026-02-11', 'The delivery for nothing, as it came a day late', '29.00', true],
  ['Otto', 'north-1', 'C-00251', '2026-02-27', 'A lamp for the scratched one', '35.50', true],
  ['Lea', 'south-2', 'C-00377', '2026-03-18', 'Roses for the ones that did not come up', '18.00', true],
  ['Ines', 'south-1', 'C-00402', '2026-04-09', 'A voucher after three calls about one drawer', '75.00', false],
  ['Marta', 'north-2', 'C-00518', '2026-05-05', 'An hour of assembly', '45.00', true],
  ['Otto', 'north-1', 'C-00690', '2026-05-21', 'Coffee and a chair while the van was searched', '0', null],
  ['Jan', 'coast-1', 'C-00745', '2026-06-17', 'A second delivery on the same day', '29.00', false],
].map(([by, unit, customer_id, day, given, value, follow_up_avoided]) => ({
  ...{ by, unit, customer_id, given, value, limit_amount: '50.00', currency: 'EUR', follow_up_avoided },
  acted_at: `${day}T14:00:00Z`,
}));
