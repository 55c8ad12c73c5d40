import { isAlwaysThere, type Kind as SentKind } from '../datasets/columns.ts';
import type { Dataset } from '../datasets/declare.ts';
import { datasets } from '../datasets/registry.ts';
import type { Dimension } from '../outcomes/cells.ts';
import { followUps } from './follow-up-set.ts';
import { nounSets } from './noun-sets.ts';
import { type BiSet, dayOf, type Kind, referenceTo, type SetColumn } from './set.ts';

const kinds: Record<SentKind, Kind> = {
  text: 'text',
  choice: 'text',
  moment: 'instant',
  day: 'date',
  decimal: 'decimal',
  number: 'double',
  flag: 'boolean',
  list: 'text',
  map: 'text',
};

const flat = (name: string, kind: SentKind) =>
  kind === 'list' ? `array_to_string(t.${name}, '|')` : kind === 'map' ? `t.${name}::text` : `t.${name}`;

const column = (name: string, kind: Kind, description: string, nullable = false): SetColumn => ({
  name,
  kind,
  nullable,
  personal: false,
  description,
  sql: `t.${name}`,
});

/** Whether facts refer to a dataset, or it says itself that it is a dimension. */
const isDimension = ({ name, tag }: Dataset) =>
  tag === 'Dimensions' ||
  datasets.some(({ columns }) => Object.values(columns).some(({ refers_to }) => refers_to === name));

function setOf(dataset: Dataset): BiSet {
  const { name, one, path, description, key, time, columns, owner } = dataset;
  return {
    name,
    one,
    role: isDimension(dataset) ? 'dimension' : 'fact',
    description,
    relation: name,
    key: [key],
    ...(owner !== undefined && { owner }),
    ...(time !== undefined && { time }),
    list: `/v1/${path}`,
    changes: `/v1/changes/${path}`,
    columns: [
      ...Object.entries(columns).map(([columnName, column]) => ({
        name: columnName,
        kind: kinds[column.kind],
        nullable: !isAlwaysThere(column),
        personal: column.personal,
        description: column.description,
        sql: flat(columnName, column.kind),
        ...(column.refers_to !== undefined && { refers_to: column.refers_to }),
      })),
      ...(time === undefined ? [] : [dayOf(time)]),
      column('source', 'text', 'The name of the API key that last wrote the row.'),
      column('recorded_at', 'instant', 'When the row was first stored.'),
      column('changed_at', 'instant', 'When the row last changed.'),
    ],
  };
}

const sums = (names: readonly (readonly [string, Kind, string])[]) =>
  names.map(([name, kind, description]) => column(name, kind, description));

const grouped = (dimension: Dimension, description: string): SetColumn => ({
  ...column(dimension, 'text', description),
  dimension,
});
const answeredOn = column('answered_on', 'date', 'The day in the reporting time zone.');
const dimensions = [
  column('survey', 'text', 'What was asked.'),
  column('band', 'text', 'detractor, passive or promoter.'),
  grouped('unit', 'The unit; empty where none is known.'),
  grouped('segment', 'The segment when it was answered; empty where none is known.'),
  grouped('region', 'The region when it was answered; empty where none is known.'),
  grouped('moment', 'The moment of truth; empty where none is known.'),
  grouped('channel', 'The channel; empty where none is known.'),
];
const state = (outcome: string) => `Whether ${outcome} counts: counted, or why not.`;

const responseOutcomes: BiSet = {
  name: 'response_outcomes',
  one: 'response_outcome',
  role: 'kept',
  time: 'answered_at',
  description:
    'What the customer did in the days after a response, a row for each response and window. Average only rows whose state is `counted`. It follows from the facts and has no change feed: pull it by `answered_on`, and again as far back as the longest window, in which what is known of a response still grows. A correction of older facts changes older rows.',
  relation: 'response_outcomes',
  key: ['response_id', 'window_days'],
  columns: [
    column('response_id', 'text', 'The response.'),
    column('window_days', 'integer', 'How many days after the answer are looked at.'),
    {
      ...column('customer_id', 'text', 'Who answered; null when anonymous.', true),
      sql: `case when t.revenue_state <> 'anonymous' then t.respondent end`,
    },
    ...dimensions,
    column('score', 'double', 'The answer.'),
    {
      ...column('themes', 'text', 'What it was about, separated by |.'),
      sql: `array_to_string(t.themes, '|')`,
      dimension: 'theme',
    },
    column('answered_at', 'instant', 'When it was answered.'),
    answeredOn,
    column('revenue_state', 'text', state('revenue')),
    column('revenue_after', 'decimal', 'Net revenue in the window after the answer.', true),
    column('revenue_before', 'decimal', 'Net revenue in as many days before it.', true),
    column('orders_after', 'integer', 'Payments in the window after.', true),
    column('referrals_state', 'text', state('referrals')),
    column('referrals_after', 'integer', 'Referrals made in the window after.', true),
    column('conversions_after', 'integer', 'Referrals that became customers in the window after.', true),
    column('retention_state', 'text', state('retention')),
    column('retention_basis', 'text', 'contract, or activity where the customer has none.', true),
    column('retained', 'boolean', 'Whether the customer was active at the end of the window.', true),
    column('churned_after_days', 'integer', 'Days from the answer to the first churn; null while there is none.', true),
  ],
};

// The daily sets are grouped in the order of their keys, which an index of the table begins with: so PostgreSQL sorts and
// groups one day after the other, and a page ends with the days that it needs. Every other order groups all of them.
const groupOf = (columns: readonly SetColumn[]) => columns.map(({ name }) => name).join(', ');
const groupKey = ['answered_on', ...dimensions.map(({ name }) => name)];

const dailyScores: BiSet = {
  name: 'daily_scores',
  one: 'daily_score',
  role: 'additive',
  time: 'answered_on',
  description:
    'How many answers of each score a day brought, by survey, unit, segment, region, moment and channel. Additive: add up `responses` and `score_total`, then divide. It follows from the facts and has no change feed: pull it by `answered_on`.',
  relation: `(select answered_on, ${groupOf(dimensions)}, score, count(*)::int8 as responses, sum(score) as score_total
    from response_outcomes where window_days = (select min(w) from refresh_state, unnest(windows_days) w)
    group by answered_on, ${groupOf(dimensions)}, score)`,
  key: [...groupKey, 'score'],
  columns: [
    answeredOn,
    ...dimensions,
    column('score', 'double', 'The score.'),
    ...sums([
      ['responses', 'integer', 'How many answers had it.'],
      ['score_total', 'double', 'The sum of their scores.'],
    ]),
  ],
};

const dailyOutcomes: BiSet = {
  name: 'daily_outcomes',
  one: 'daily_outcome',
  role: 'additive',
  time: 'answered_on',
  description:
    'The sums that outcome figures are made of, by day, window, survey, band, unit, segment, region, moment and channel. Additive: divide sums of `revenue_after` by sums of `revenue_n`, never averages of averages. It follows from the facts and has no change feed: pull it by `answered_on`, and again as far back as the longest window.',
  relation: `(select answered_on, window_days, ${groupOf(dimensions)}, count(*)::int8 as responses,
      count(*) filter (where revenue_state = 'counted')::int8 as revenue_n,
      coalesce(sum(revenue_after), 0) as revenue_after, coalesce(sum(revenue_before), 0) as revenue_before,
      coalesce(sum(orders_after), 0)::int8 as orders_after,
      count(*) filter (where referrals_state = 'counted')::int8 as referrals_n,
      coalesce(sum(referrals_after), 0)::int8 as referrals_after,
      coalesce(sum(conversions_after), 0)::int8 as conversions_after,
      count(*) filter (where retention_state = 'counted')::int8 as retention_n,
      count(*) filter (where retained)::int8 as retained
    from response_outcomes group by answered_on, window_days, ${groupOf(dimensions)})`,
  key: ['answered_on', 'window_days', ...dimensions.map(({ name }) => name)],
  columns: [
    answeredOn,
    column('window_days', 'integer', 'How many days after the answer are looked at.'),
    ...dimensions,
    ...sums([
      ['responses', 'integer', 'All responses.'],
      ['revenue_n', 'integer', 'Those whose revenue counts.'],
      ['revenue_after', 'decimal', 'Their net revenue after.'],
      ['revenue_before', 'decimal', 'Their net revenue before.'],
      ['orders_after', 'integer', 'Their payments after.'],
      ['referrals_n', 'integer', 'Responses whose referrals count.'],
      ['referrals_after', 'integer', 'Their referrals.'],
      ['conversions_after', 'integer', 'Their referrals that became customers.'],
      ['retention_n', 'integer', 'Responses whose retention counts.'],
      ['retained', 'integer', 'Those whose customer stayed.'],
    ]),
  ],
};

// A year that somebody mistyped shall not make a calendar of a thousand years.
const dimDate: BiSet = {
  name: 'dim_date',
  one: 'date',
  role: 'dimension',
  description:
    'Every day from the year of the first fact, reading or goal to the end of next year, or of the year in which the last goal ends if that is within thirty years, for relations by day. It follows from the calendar and has no change feed.',
  relation: `(select day::date as date_on, extract(year from day)::int as year, extract(quarter from day)::int as quarter,
      extract(month from day)::int as month, to_char(day, 'YYYY-MM') as year_month,
      to_char(day, 'YYYY-"Q"Q') as year_quarter, extract(isodow from day)::int as weekday,
      extract(week from day)::int as iso_week
    from generate_series(
      date_trunc('year', least((least(now(), (select min(earliest_at) from dataset_progress))
        at time zone (select time_zone from settings))::date,
        (select min(period_start_on) from readings where period_start_on >= '1900-01-01'),
        (select min(starts_on) from goals where starts_on >= '1900-01-01'))::timestamp),
      date_trunc('year', greatest((now() + interval '1 year')::date,
        (select max(ends_on) from goals where ends_on < now() + interval '30 years'))::timestamp)
        + interval '1 year' - interval '1 day', interval '1 day') day)`,
  key: ['date_on'],
  owner: 'everybody',
  time: 'date_on',
  columns: [
    column('date_on', 'date', 'The day.'),
    column('year', 'integer', 'The year.'),
    column('quarter', 'integer', '1 to 4.'),
    column('month', 'integer', '1 to 12.'),
    column('year_month', 'text', 'Such as 2026-03.'),
    column('year_quarter', 'text', 'Such as 2026-Q1.'),
    column('weekday', 'integer', '1 is Monday, 7 Sunday.'),
    column('iso_week', 'integer', 'The week by ISO 8601.'),
  ],
};

/** Says of each column which set it refers to: that whose rows are named as it is, or the calendar where it is a day. */
function related(sets: readonly BiSet[]): BiSet[] {
  // `customer_id`, but also `obstacle`: managed nouns name each other by the word alone.
  const named = new Map(sets.flatMap((set) => [referenceTo(set) ?? set.one, set.one].map((word) => [word, set.name])));
  return sets.map((set) => ({
    ...set,
    columns: set.columns.map((column) => {
      const other = column.kind === 'date' ? dimDate.name : named.get(column.name);
      return other === undefined || other === set.name ? column : { refers_to: other, ...column };
    }),
  }));
}

/** Every set, in the order in which tools list them. */
export const biSets: readonly BiSet[] = related([
  ...datasets.map(setOf),
  ...nounSets,
  followUps,
  responseOutcomes,
  dailyScores,
  dailyOutcomes,
  dimDate,
]);

/** The columns that a reader may see. */
export const visibleColumns = ({ columns }: BiSet, personal: boolean): readonly SetColumn[] =>
  columns.filter((one) => personal || !one.personal);
