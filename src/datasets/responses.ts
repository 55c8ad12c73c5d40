import type { Client } from '../db/pool.ts';
import type { FieldError } from '../errors.ts';
import { followUp, forgetResponse, type RatedResponse } from '../outcomes/asked-follow-ups.ts';
import { type Band, bands } from '../outcomes/cells.ts';
import { choice, id, instant, list, number, prose, reference, word } from './columns.ts';
import { type AnyRow, declareDataset } from './declare.ts';
import { recordReceived } from './received.ts';

interface Scale {
  key: string;
  scale_min: number;
  scale_max: number;
  higher_is_better: boolean;
  detractor_max: number;
  promoter_min: number;
}

export const responses = declareDataset({
  name: 'responses',
  one: 'response',
  path: 'responses',
  tag: 'Facts',
  description: "A customer's answer to a survey. Its band follows from the survey's limits.",
  key: 'id',
  customer: 'customer_id',
  time: 'answered_at',
  columns: {
    id: id('The id of the response in the survey tool.'),
    customer_id: reference('Who answered; null when the answer is anonymous.', {
      refers_to: 'customers',
      filter: true,
    }),
    survey: word('What was asked.', { required: true, refers_to: 'surveys', filter: true }),
    score: number(
      'The answer, on the scale of the survey.',
      { minimum: -1_000_000, maximum: 1_000_000 },
      {
        required: true,
        audited: true,
      },
    ),
    band: choice('Where the score lies.', bands, { derived: true, filter: true }),
    comment: prose('What the customer wrote.', 20_000, { personal: true }),
    themes: list('What it was about, in your own words.', { filter: true }),
    moment: word('The moment of truth that it was about.', { filter: true }),
    unit: word('The unit that served the customer.', { filter: true, refers_to: 'units' }),
    employee: word('Who served the customer.', { filter: true }),
    channel: word('How the customer was served or asked.', { filter: true }),
    answered_at: instant('When it was answered.', { required: true }),
    segment: word("The customer's segment when it was answered; else the one of its record counts.", { filter: true }),
    region: word("The customer's region when it was answered; else the one of its record counts.", { filter: true }),
  },
  example: {
    id: 'A-501',
    customer_id: 'C-1042',
    survey: 'nps',
    score: 9,
    band: 'promoter',
    comment: 'On time, and they carried it up.',
    themes: ['delivery'],
    moment: 'delivery',
    unit: 'store-12',
    employee: 'E-7',
    channel: 'email',
    answered_at: '2026-02-02T18:20:00.000Z',
    segment: 'smb',
    region: 'north',
  },
  /** Holds the surveys still until the responses that were banded by them are stored. */
  async context(client: Client, rows) {
    const found = await client.rows<Scale>(
      `select key, scale_min, scale_max, higher_is_better, detractor_max, promoter_min
       from surveys where key = any($1::text[]) order by key for share`,
      [[...new Set(rows.map((row) => row.survey))]],
    );
    return new Map(found.map((scale) => [scale.key, scale]));
  },
  complete(row, context): FieldError[] {
    row.themes ??= [];
    const scale = (context as Map<string, Scale>).get(row.survey);
    if (!scale)
      return [
        {
          pointer: '/survey',
          code: 'unknown_survey',
          detail: `There is no survey '${row.survey}'. Make it first: PUT /v1/surveys/${encodeURIComponent(row.survey)}.`,
        },
      ];
    if (row.score < scale.scale_min || row.score > scale.scale_max)
      return [
        {
          pointer: '/score',
          code: 'off_scale',
          detail: `The scale of '${row.survey}' runs from ${scale.scale_min} to ${scale.scale_max}.`,
        },
      ];
    row.band = bandOf(row.score, scale);
    return [];
  },
  async afterwards(client, changed) {
    await recordReceived(client, changed);
    await followUp(
      client,
      changed.map(({ before, after }) => ({ before: before && rated(before), after: rated(after) })),
    );
  },
  afterRemoval: (client, row) => forgetResponse(client, rated(row)),
});

function rated(row: AnyRow): RatedResponse {
  // A row of this dataset has its columns; those that a sender may leave out are made null.
  const { id, customer_id = null, survey, band, unit = null, answered_at } = row as unknown as RatedResponse;
  return { id, customer_id, survey, band, unit, answered_at };
}

/** The band of a score; the limits are read on the mirrored score where a low score is good. */
export function bandOf(score: number, scale: Omit<Scale, 'key'>): Band {
  const good = scale.higher_is_better ? score : scale.scale_min + scale.scale_max - score;
  if (good <= scale.detractor_max) return 'detractor';
  return good >= scale.promoter_min ? 'promoter' : 'passive';
}
