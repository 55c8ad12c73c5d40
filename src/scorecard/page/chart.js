// The charts of the scorecard.
import uPlot from './uplot.js';

export const inTone = { good: '#12715b', warn: '#9a5b00', bad: '#b3261e', open: '#55616f', line: '#1f5fa8' };

/** The charts that are on the page, each with the size that it should have. */
let charts = [];

/** The numbers of an axis, without decimals that say nothing: `70%`, `75%`. */
function ticks(values, say) {
  const all = values.map(say);
  return all.every((one) => /\.0+(?!\d)/.test(one)) ? all.map((one) => one.replace(/\.0+(?!\d)/, '')) : all;
}

const monthOf = (at) =>
  new Date(at * 1000).toLocaleDateString('en-GB', { month: 'short', year: '2-digit', timeZone: 'UTC' });
const seconds = (day) => Date.parse(`${day}T00:00:00Z`) / 1000;

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
export function draw(box, trend, say, color, lines = []) {
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

/** Takes all charts away, before others are drawn. */
export function clearCharts() {
  for (const { chart } of charts) chart.destroy();
  charts = [];
}

/** Fits all charts to the page as it is now. */
export function fitCharts() {
  for (const { chart, size } of charts) chart.setSize(size());
}
