import { type Api, ask } from './api.ts';
import { dayMs } from './life.ts';

/** As much of an answer as is told here. */
interface Answer {
  reads_as: string;
  parameters: { window_days: number; currency: string };
  data: Record<string, string | number | null>[];
  comparisons: Record<string, string | number | null>[];
  left_out: { reason: string; responses: number }[];
}

/** How somebody else asks the same: the address as they know it, and a word of the shell that gives the key. */
export interface Asker {
  address: string;
  key_word: string;
}

const width = 100;

/** Breaks a text into lines of at most `width` characters, each indented by two. */
function wrapped(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line.length + word.length + 3 > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line) => `  ${line}`).join('\n');
}

const curl = ({ address, key_word }: Asker, path: string) =>
  `  curl -s -H "Authorization: Bearer ${key_word}" '${address}${path}'`;

const amount = (value: unknown) => (typeof value === 'number' ? value.toFixed(2) : '-');

/** A line a segment: what each band spent, and the difference with its interval. */
function bySegment({ data, comparisons }: Answer): string {
  const rows = comparisons
    .filter(({ measure, band }) => measure === 'revenue_after' && band === 'promoter')
    .map(({ segment, difference, difference_low, difference_high }) => {
      const spent = (band: string) =>
        amount(data.find((row) => row.segment === segment && row.band === band)?.revenue_after);
      return [
        String(segment),
        spent('detractor'),
        spent('promoter'),
        amount(difference),
        `${amount(difference_low)} to ${amount(difference_high)}`,
      ];
    });
  const table = [['segment', 'detractors', 'promoters', 'difference', '95% interval'], ...rows];
  const [name = 0, ...widths] = (table[0] ?? []).map((_, at) => Math.max(...table.map((row) => row[at]?.length ?? 0)));
  return table
    .map(
      ([first = '', ...cells]) =>
        `  ${[first.padEnd(name), ...cells.map((cell, at) => cell.padStart(widths[at] ?? 0))].join('   ')}`,
    )
    .join('\n');
}

interface FollowUp {
  customer_id: string;
  customer_name: string | null;
  trailing_revenue: string;
  latest_score: number | null;
  latest_comment: string | null;
}

/** A line a customer to be called, and what it said. */
const callList = (followUps: FollowUp[], currency: string) =>
  followUps
    .map(
      ({ customer_id, customer_name, trailing_revenue, latest_score, latest_comment }) =>
        `  ${customer_name ?? customer_id}, who paid ${Number(trailing_revenue).toFixed(2)} ${currency} in a year, gave a ${latest_score}${latest_comment === null ? '' : `: "${latest_comment}"`}`,
    )
    .join('\n');

/**
 * Asks four questions and puts the answers in plain words, each with the request that anybody can repeat.
 * @returns lines for a reader who has never seen the service
 */
export async function workedAnswers(api: Api, asker: Asker): Promise<string> {
  const whole = '/v1/outcomes/summary?survey=nps';
  const parts = '/v1/outcomes/revenue?survey=nps&group_by=segment';
  const summary = await ask<Answer>(api, 'GET', whole);
  const segments = await ask<Answer>(api, 'GET', parts);
  const left_out = segments.left_out
    .map(({ reason, responses }) => `${responses.toLocaleString('en-US')} ${reason.replaceAll('_', ' ')}`)
    .join(', ');
  const { currency, window_days } = segments.parameters;
  const risk = '/v1/analytics/revenue-at-risk?survey=nps';
  const atRisk = await ask<Answer>(api, 'GET', risk);
  const calls = '/v1/follow-ups?order=priority&limit=3';
  const { data: toCall } = await ask<{ data: FollowUp[] }>(api, 'GET', calls);
  return [
    'Customers were asked how likely they are to recommend the company. Promoters said 9 or 10, detractors 6 or less.',
    'What do promoters bring that detractors do not?',
    '',
    wrapped(summary.reads_as),
    '',
    curl(asker, whole),
    '',
    `Does it hold in every segment? ${currency} spent in the ${window_days} days after answering:`,
    '',
    bySegment(segments),
    '',
    wrapped(segments.reads_as),
    '',
    wrapped(`Left out, each for a reason: ${left_out}.`),
    '',
    curl(asker, parts),
    '',
    'What is at risk?',
    '',
    wrapped(atRisk.reads_as),
    '',
    curl(asker, risk),
    '',
    'Whom to call today? The first three of the list:',
    '',
    callList(toCall, currency),
    '',
    curl(asker, calls),
  ].join('\n');
}

/**
 * Tells how the company stands on its way, with a link to the page that shows it. The link opens the scorecard and
 * nothing else, for a month; each call makes another one.
 * @returns lines for the same reader
 */
export async function scorecardWithLink(api: Api, asker: Asker): Promise<string> {
  const path = '/v1/scorecard';
  const { reads_as } = await ask<Pick<Answer, 'reads_as'>>(api, 'GET', path);
  const expires_at = new Date(Date.now() + 30 * dayMs).toISOString();
  const body = { name: 'the demo shows its scorecard', scopes: ['scorecard'], expires_at };
  const { secret } = await ask<{ secret: string }>(api, 'POST', '/v1/keys', { body });
  return [
    'Is the company on its way?',
    '',
    wrapped(reads_as),
    '',
    curl(asker, path),
    '',
    'The same for people, on a wall or a phone. Whoever has this link can read the scorecard, and nothing else:',
    '',
    `  ${asker.address}/scorecard#key=${secret}`,
  ].join('\n');
}
