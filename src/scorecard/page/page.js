// The scorecard as a page. It asks GET /v1/scorecard with the key of the link (after #key=) or the one that was entered,
// draws what comes, and asks again every minute. The key is in no address that is sent: what follows # stays here.
import uPlot from './uplot.js';

const everyMs = 60_000;
const kept = 'milemarker-key';
const byId = (id) => document.getElementById(id);
const unit = new URLSearchParams(location.search).get('unit');

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

const inTone = { good: '#12715b', warn: '#9a5b00', bad: '#b3261e', open: '#55616f', line: '#1f5fa8' };

/** Makes an element with its class and its content: texts, elements, or nothing. */
function make(tag, className, ...content) {
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

/** The numbers of an axis, without decimals that say nothing: `70%`, `75%`. */
function ticks(values, say) {
  const all = values.map(say);
  return all.every((one) => /\.0+(?!\d)/.test(one)) ? all.map((one) => one.replace(/\.0+(?!\d)/, '')) : all;
}

const date = (day) =>
  new Date(`${day}T00:00:00Z`).toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone: 'UTC',
  });
const monthOf = (at) =>
  new Date(at * 1000).toLocaleDateString('en-GB', { month: 'short', year: '2-digit', timeZone: 'UTC' });
const seconds = (day) => Date.parse(`${day}T00:00:00Z`) / 1000;

let charts = [];

/** What screen readers say of a chart. */
const inWords = (trend, say) =>
  trend
    .filter(({ value }) => value !== null)
    .map(({ period, value }) => `${period} ${say(value)}`)
    .join(', ') || 'no value yet';

/**
 * Draws the last periods with the interval of each, and, for a goal, where it is to lead.
 * @param lines levels and ways to draw beside it: [[day, value], [day, value]]
 */
function draw(box, trend, say, color, lines = []) {
  box.setAttribute('role', 'img');
  box.setAttribute('aria-label', inWords(trend, say));
  const days = [...new Set([...trend.map((one) => one.period_start_on), ...lines.flat().map(([day]) => day)])].sort();
  const at = new Map(trend.map((one) => [one.period_start_on, one]));
  const column = (name) => days.map((day) => at.get(day)?.[name] ?? null);
  const line = (points) => days.map((day) => points.find(([one]) => one === day)?.[1] ?? null);
  const known = [
    ...column('low'),
    ...column('high'),
    ...column('value'),
    ...lines.flat().map(([, value]) => value),
  ].filter((value) => value !== null);
  if (known.length === 0) return;
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const room = (most - least || Math.abs(most) || 1) * 0.08;
  const letters = Math.round(0.75 * Number.parseFloat(getComputedStyle(document.documentElement).fontSize));
  const font = `${letters}px system-ui, sans-serif`;
  const quiet = { stroke: inTone.open, font, grid: { stroke: '#e6ebf0', width: 1 }, ticks: { show: false } };
  const size = () => ({ width: Math.max(120, box.clientWidth), height: box.clientHeight });
  const chart = new uPlot(
    {
      ...size(),
      // Half of the last month's name stands right of its line.
      padding: [8, 2.2 * letters, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      select: { show: false },
      scales: { x: { time: true }, y: { range: [least - room, most + room] } },
      axes: [
        {
          ...quiet,
          ...{ grid: { show: false }, space: 5.5 * letters, size: 2 * letters, gap: 0.6 * letters },
          values: (_, days) => days.map(monthOf),
        },
        {
          ...quiet,
          space: 1.9 * letters,
          size: (self, values) =>
            10 + Math.max(0, ...(values ?? []).map((value) => self.ctx.measureText(value).width)) / devicePixelRatio,
          values: (_, values) => ticks(values, say),
        },
      ],
      series: [
        {},
        { label: 'low', stroke: 'transparent', points: { show: false }, spanGaps: false },
        { label: 'high', stroke: 'transparent', points: { show: false }, spanGaps: false },
        ...lines.map(() => ({
          stroke: inTone.open,
          width: 1.5,
          dash: [5, 4],
          points: { show: false },
          spanGaps: true,
        })),
        { label: 'value', stroke: color, width: 2, points: { show: true, size: 5, fill: color }, spanGaps: true },
      ],
      bands: [{ series: [2, 1], fill: `${color}26` }],
    },
    [days.map(seconds), column('low'), column('high'), ...lines.map(line), column('value')],
    box,
  );
  charts.push({ chart, size });
}

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

function goalCard(goal, currency) {
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

function markerCard(marker, currency) {
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
function withName({ sentence, name }) {
  const at = sentence.indexOf(name);
  return at === -1 ? [sentence] : [sentence.slice(0, at), make('strong', '', name), sentence.slice(at + name.length)];
}

function show(card) {
  for (const { chart } of charts) chart.destroy();
  charts = [];
  const place = card.unit === null ? '' : ` · ${card.unit.name}`;
  byId('title').textContent = `Scorecard${place}`;
  document.title = `Scorecard${place}`;
  byId('vision').textContent = card.vision?.statement ?? '';
  byId('vision').hidden = card.vision === null;
  byId('day').textContent = date(card.today);
  byId('reads-as').textContent = card.reads_as.split(' First: ')[0];
  const first = card.attention.slice(0, 6).map((one) => make('li', '', ...withName(one)));
  if (card.attention.length > 6) first.push(make('li', 'more', `and ${card.attention.length - 6} more`));
  byId('attention').replaceChildren(...first);
  byId('attention-section').hidden = first.length === 0;
  const goals = card.goals.map((goal) => goalCard(goal, card.currency));
  const markers = card.mile_markers.map((marker) => markerCard(marker, card.currency));
  byId('goals').replaceChildren(...goals.map((one) => one.card));
  byId('markers').replaceChildren(...markers.map((one) => one.card));
  byId('goals-section').hidden = goals.length === 0;
  byId('markers-section').hidden = markers.length === 0;
  byId('ask').hidden = true;
  byId('card').hidden = false;
  // Only what is on the page has a size.
  for (const one of [...goals, ...markers]) one.draw();
}

const keyOf = () => new URLSearchParams(location.hash.slice(1)).get('key') ?? sessionStorage.getItem(kept);

function ask(why) {
  byId('card').hidden = true;
  byId('ask').hidden = false;
  if (why) byId('ask-why').textContent = why;
  byId('key').focus();
}

const time = () => new Date().toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
let shownAt = null;

function say(text, isTrouble = false) {
  byId('fresh').textContent = text;
  byId('fresh').className = isTrouble ? 'trouble' : '';
}

async function refresh() {
  const key = keyOf();
  if (key === null) return ask();
  try {
    const answer = await fetch(`v1/scorecard${unit === null ? '' : `?${new URLSearchParams({ unit })}`}`, {
      headers: { authorization: `Bearer ${key}` },
      cache: 'no-store',
    });
    const body = await answer.json();
    if (answer.status === 401 || answer.status === 403) {
      sessionStorage.removeItem(kept);
      return ask(body.detail);
    }
    if (!answer.ok) throw new Error(body.detail);
    show(body);
    shownAt = time();
    say(
      `As of ${shownAt}, refreshed every minute.${body.fresh.pending > 0 ? ' New facts are still being worked in.' : ''}`,
    );
  } catch (error) {
    byId('card').hidden = false;
    say(
      `${shownAt === null ? 'Not shown yet' : `As of ${shownAt}`}: ${error.message || 'the service cannot be reached'}. Trying again.`,
      true,
    );
  }
}

byId('ask').addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem(kept, byId('key').value.trim());
  byId('key').value = '';
  void refresh();
});
byId('refresh').addEventListener('click', refresh);
addEventListener('hashchange', refresh);
addEventListener('resize', () => {
  for (const { chart, size } of charts) chart.setSize(size());
});
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void refresh();
});
setInterval(refresh, everyMs);
void refresh();
