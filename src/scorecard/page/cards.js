// A card for each goal and each mile marker of the scorecard.
import { draw, inTone } from './chart.js';

/** Of each state, the shape and the tone; the words come from the service. */
const looks = {
  ahead: ['up', 'good'],
  on_track: ['round', 'good'],
  achieved: ['check', 'good'],
  sustaining: ['check', 'good'],
  behind: ['down', 'warn'],
  at_risk: ['diamond', 'bad'],
  missed: ['cross', 'bad'],
  dropped: ['cross', 'open'],
  inconclusive: ['bars', 'open'],
  no_data: ['ring', 'open'],
  not_started: ['ring', 'open'],
};

/** Makes an element with its class and its content: texts, elements, or nothing. */
export function make(tag, className, ...content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...content.filter((one) => one !== null && one !== ''));
  return element;
}

function shape(name) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  const use = document.createElementNS(space, 'use');
  use.setAttribute('href', `#${name}`);
  svg.setAttribute('aria-hidden', 'true');
  svg.append(use);
  return svg;
}

/** A number as its unit of measure says: `66.0%`, `1,312.40 EUR`, `41.2`, `12.5 seconds`; never `-0.0`. */
function tell(value, unit_of_measure, currency) {
  if (value === null) return '–';
  const digits = (least, most) => ({
    ...{ minimumFractionDigits: least, maximumFractionDigits: most, signDisplay: 'negative' },
  });
  if (unit_of_measure === 'share') return `${(100 * value).toLocaleString('en', digits(1, 1))}%`;
  if (unit_of_measure === 'currency')
    return value.toLocaleString('en', { style: 'currency', currency, signDisplay: 'negative' });
  if (unit_of_measure === 'points') return value.toLocaleString('en', digits(1, 1));
  const number = value.toLocaleString('en', digits(0, Math.abs(value) < 10 ? 3 : 1));
  return unit_of_measure === 'number' ? number : `${number} ${unit_of_measure}`;
}

export const date = (day) =>
  new Date(`${day}T00:00:00Z`).toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone: 'UTC',
  });

/** The way from the baseline to the target, with where the goal was expected. */
function wayOf(goal, say, tone) {
  if (goal.progress === null) return [];
  const share = (value) => `${100 * Math.min(1, Math.max(0, value))}%`;
  const done = make('div', 'done');
  done.style.width = share(goal.progress);
  const expected = make('div', 'expected');
  expected.style.left = `calc(${share(goal.expected_progress)} - 0.08rem)`;
  const way = make('div', `way ${tone}`, done, expected);
  way.setAttribute('role', 'img');
  way.setAttribute(
    'aria-label',
    `${Math.round(100 * goal.progress)}% of the way, ${Math.round(100 * goal.expected_progress)}% was expected`,
  );
  return [
    way,
    make(
      'p',
      'ends soft',
      make('span', '', `from ${say(goal.baseline)}`),
      make('span', '', `${say(goal.expected_value)} expected`),
      make('span', '', `to ${say(goal.target)}`),
    ),
  ];
}

function aimOf(goal, say) {
  const until = date(goal.ends_on);
  if (goal.direction === 'within_range')
    return `stay between ${say(goal.target_low)} and ${say(goal.target_high)} until ${until}`;
  if (goal.direction === 'stay_above') return `stay at ${say(goal.target)} or above until ${until}`;
  if (goal.direction === 'stay_below') return `stay at ${say(goal.target)} or below until ${until}`;
  return `${say(goal.target)} by ${until}`;
}

const limits = ({ value_low, value_high }, say) =>
  value_low === null ? '' : `, 95% interval ${say(value_low)} to ${say(value_high)}`;
const briefLimits = ({ value_low, value_high }, say) =>
  value_low === null ? '' : ` (${say(value_low)} to ${say(value_high)})`;
/** Of which of its periods the value of a goal is. */
const measuredIn = ({ measured_from, trend }) =>
  trend.find(({ period_start_on }) => period_start_on === measured_from)?.period ?? null;
/** What stands after a number of points, and after no other. */
const points = ({ unit_of_measure, value }) =>
  unit_of_measure === 'points' && value !== null ? make('small', '', ' points') : null;

/** Who answers for a goal, and how confident people are: what is known of it. */
const heldBy = ({ owner, confidence }) =>
  [owner, confidence === null ? null : `confidence ${confidence} of 10`].filter((one) => one !== null).join(' · ');

export function goalCard(goal, currency) {
  const say = (value) => tell(value, goal.unit_of_measure, currency);
  const [name, tone] = looks[goal.state];
  const chart = make('div', 'chart');
  const notes = [];
  if (goal.declared_status !== null && goal.declared_status !== goal.state)
    notes.push(
      `${goal.owner ?? 'Who answers for it'} sees it as ${goal.declared_status.replaceAll('_', ' ')}${goal.declared_note === null ? '' : `: ${goal.declared_note}`}`,
    );
  if (goal.guards_worse.length > 0) notes.push(`Got worse meanwhile: ${goal.guards_worse.join(', ')}`);
  if (goal.exception !== null) notes.push(`Published as an exception: ${goal.exception}`);
  const card = make(
    'article',
    '',
    make('div', 'top', make('h3', '', goal.name), make('span', `state ${tone}`, shape(name), goal.state_in_words)),
    make('p', 'soft', goal.mile_marker_name, goal.unit_name === null ? '' : `, ${goal.unit_name}`),
    make('p', 'value', say(goal.value), points(goal)),
    make('p', 'soft', measuredIn(goal) === null ? 'No value yet' : `in ${measuredIn(goal)}`, limits(goal, say)),
    ...wayOf(goal, say, tone),
    make('p', 'soft', `Aim: ${aimOf(goal, say)}`),
    chart,
    ...notes.map((note) => make('p', 'note', note)),
    make('p', 'talk soft', make('span', goal.freshness, goal.talked_about), make('span', '', heldBy(goal))),
  );
  const [start, end] = [goal.starts_on, goal.ends_on];
  const way =
    goal.progress === null
      ? []
      : [
          [
            [start, goal.baseline],
            [end, goal.target],
          ],
        ];
  const levels =
    goal.progress === null ? [goal.target, goal.target_low, goal.target_high].filter((one) => one !== null) : [];
  const flat = levels.map((level) => [
    [start, level],
    [end, level],
  ]);
  return { card, draw: () => draw(chart, goal.trend, say, inTone[tone] ?? inTone.line, [...way, ...flat]) };
}

function changeOf(marker, say) {
  if (marker.change === null) return null;
  const amount =
    marker.unit_of_measure === 'share'
      ? `${(100 * Math.abs(marker.change)).toFixed(1)} points`
      : say(Math.abs(marker.change));
  const way = marker.change > 0 ? 'up' : 'down';
  if (marker.change === 0) return make('span', 'state open', shape('bars'), 'unchanged');
  if (marker.change_is_clear === false)
    return make('span', 'state open', shape('bars'), `${way} ${amount}, may be chance`);
  const good = marker.change_is_good;
  return make('span', `state ${good ? 'good' : 'bad'}`, shape(way), `${way} ${amount}, ${good ? 'better' : 'worse'}`);
}

export function markerCard(marker, currency) {
  const say = (value) => tell(value, marker.unit_of_measure, currency);
  const chart = make('div', 'chart');
  const card = make(
    'article',
    '',
    make('h3', '', marker.name),
    make('p', 'value', say(marker.value), points(marker)),
    make('p', 'soft', marker.period === null ? 'No value yet' : `in ${marker.period}${briefLimits(marker, say)}`),
    make('p', 'change', changeOf(marker, say)),
    chart,
  );
  return { card, draw: () => draw(chart, marker.trend, say, inTone.line) };
}

/** A sentence with the name that it is about made to stand out. */
export function withName({ sentence, name }) {
  const at = sentence.indexOf(name);
  return at === -1 ? [sentence] : [sentence.slice(0, at), make('strong', '', name), sentence.slice(at + name.length)];
}
