import { amount, counted, percent, tenths } from '../../analytics/words.ts';
import type { Series, SeriesRow } from '../series.ts';
import { latestMeasured } from '../series.ts';
import { type MileMarkerRow, plainNumber } from './mile-marker.ts';

/** A number of a mile marker with what it is: `82.1%`, `1,312.40 EUR`, `41.2 points`, `12.5 seconds`. */
export function measured(value: number, unit_of_measure: string, currency: string): string {
  if (unit_of_measure === 'share') return percent(value);
  if (unit_of_measure === 'currency') return `${amount(value, currency)} ${currency}`;
  if (unit_of_measure === 'points') return `${tenths(value)} points`;
  const number = value.toLocaleString('en-US', { maximumFractionDigits: Math.abs(value) < 10 ? 3 : 1 });
  return unit_of_measure === plainNumber ? number : `${number} ${unit_of_measure}`;
}

/** The limits of an interval, with what they are of said once: `4.6 to 51.2 points`; shares are `69.1% to 70.9%`. */
export function measuredRange(low: number, high: number, unit_of_measure: string, currency: string): string {
  const [from, to] = [measured(low, unit_of_measure, currency), measured(high, unit_of_measure, currency)];
  return `${from.split(' ')[0]} to ${to}`;
}

/** What a mile marker was last, and what it was before, in words that a service manager can repeat. */
export function seriesSentence(
  { name, unit_of_measure }: Pick<MileMarkerRow, 'name' | 'unit_of_measure'>,
  { rows }: Series,
  { unit, currency }: { unit: string | null; currency: string },
): string {
  const tell = (value: number | null) => (value === null ? '' : measured(value, unit_of_measure, currency));
  const place = unit === null ? '' : ` in unit ${unit}`;
  const last = latestMeasured(rows);
  const running = rows.at(-1);
  const soFar =
    running?.state === 'partial' && running.value !== null
      ? [`So far ${running.period} stands at ${tell(running.value)}.`]
      : [];
  if (!last) return [`${name}${place}: ${nothingTold(rows)}`, ...soFar].join(' ');
  const before = rows.findLast(
    ({ state, period_start_on }) => state === 'measured' && period_start_on < last.period_start_on,
  );
  const after = before ? `, after ${tell(before.value)} in ${before.period}` : '';
  return [
    `${name}${place}: ${tell(last.value)} in ${last.period}${limits(last, unit_of_measure, currency)}${after}.`,
    ...soFar,
  ].join(' ');
}

function limits({ low, high, n }: SeriesRow, unit_of_measure: string, currency: string): string {
  const parts = [
    ...(low !== null && high !== null ? [`95% interval ${measuredRange(low, high, unit_of_measure, currency)}`] : []),
    ...(n !== null ? [`n ${counted(n)}`] : []),
  ];
  return parts.length > 0 ? ` (${parts.join('; ')})` : '';
}

function nothingTold(rows: readonly SeriesRow[]): string {
  const withheld = rows.findLast((row) => row.state === 'withheld');
  if (withheld) return `no period can be told; the last one that could not, ${withheld.period}: ${withheld.withheld}.`;
  return rows.some(({ state }) => state === 'partial')
    ? 'no period is complete yet.'
    : 'nothing is known of it in these periods. That is not the same as zero.';
}
