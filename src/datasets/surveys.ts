import type { Client } from '../db/pool.ts';
import { conflict, type FieldError } from '../errors.ts';
import { languages, usualLanguage } from '../matching/languages.ts';
import { matchAgainBySurvey } from '../matching/progress.ts';
import { choice, flag, id, number, prose } from './columns.ts';
import { declareDataset } from './declare.ts';

const anyScore = { minimum: -1_000_000, maximum: 1_000_000 };

/** The usual scales. A sender names only what differs. */
const usual = {
  nps: { scale_min: 0, scale_max: 10, higher_is_better: true, detractor_max: 6, promoter_min: 9, satisfied_min: 9 },
  csat: { scale_min: 1, scale_max: 5, higher_is_better: true, detractor_max: 2, promoter_min: 5, satisfied_min: 4 },
  ces: { scale_min: 1, scale_max: 7, higher_is_better: true, detractor_max: 3, promoter_min: 6, satisfied_min: 5 },
};

const limits = ['scale_min', 'scale_max', 'detractor_max', 'promoter_min', 'satisfied_min'] as const;

export const surveys = declareDataset({
  name: 'surveys',
  one: 'survey',
  path: 'surveys',
  tag: 'Dimensions',
  description:
    'A question that customers are asked, with its scale and the limits of its bands. Scores of different surveys are never pooled.',
  key: 'key',
  owner: 'everybody',
  columns: {
    key: id('The survey as responses name it.'),
    name: prose('What people call it.', 200, { required: true }),
    kind: choice('What it measures.', ['nps', 'csat', 'ces', 'custom'], { required: true, filter: true }),
    question: prose('The question as customers read it.', 1000, {}),
    scale_min: number('The lowest score. NPS 0, CSAT and CES 1 unless given.', anyScore, {}),
    scale_max: number('The highest score. NPS 10, CSAT 5, CES 7 unless given.', anyScore, {}),
    higher_is_better: flag(
      'False where a low score is good, as for effort. The limits below are then read on the mirrored score, scale_min + scale_max - score, so that good is always high.',
      {},
    ),
    detractor_max: number('Scores up to this one are detractors. NPS 6, CSAT 2, CES 3 unless given.', anyScore, {}),
    promoter_min: number('Scores from this one on are promoters. NPS 9, CSAT 5, CES 6 unless given.', anyScore, {}),
    satisfied_min: number(
      'Scores from this one on count as satisfied (top two boxes), or as easy. NPS 9, CSAT 4, CES 5 unless given.',
      anyScore,
      {},
    ),
    triggered_by_leaving: flag(
      'True for a survey that is sent because the customer leaves. Its responses stay out of every outcome question: their cause runs backwards.',
      {},
    ),
    language: choice(
      'The language of its comments, in which the phrases of problems are looked for. `simple` (words as they are written) unless given.',
      languages,
      {},
    ),
  },
  example: {
    key: 'nps',
    name: 'Would you recommend us?',
    kind: 'nps',
    question: 'How likely are you to recommend us to a friend?',
    ...usual.nps,
    triggered_by_leaving: false,
    language: 'english',
  },
  /** Reads the scales that must stay, of surveys that have responses, and holds these still until the batch is stored. */
  async context(client, rows): Promise<Map<string, Scale>> {
    const stored = await client.rows<Scale & { key: string }>(
      `select key, scale_min, scale_max, higher_is_better from surveys where key = any($1::text[]) order by key for update`,
      [rows.map(({ key }) => key)],
    );
    const scales = new Map(stored.map((one) => [one.key, one]));
    // To look for responses takes long where there are none, so it is asked only of scales that would move.
    const moved = rows.filter((row) => movedScale(withUsual(row), scales.get(row.key)).length > 0);
    // A statement of its own: only now it sees the responses that the lock waited for.
    const used = await client.rows<{ key: string }>(
      `select sent.key from unnest($1::text[]) as sent(key) where ${isUsedSql('sent.key')}`,
      [moved.map(({ key }) => key)],
    );
    const inUse = new Set(used.map(({ key }) => key));
    return new Map([...scales].filter(([key]) => inUse.has(key)));
  },
  complete(row, context) {
    withUsual(row);
    const missing = limits.filter((limit) => row[limit] == null);
    if (missing.length > 0)
      return missing.map((limit) => ({
        pointer: `/${limit}`,
        code: 'required',
        detail: `A survey of the kind 'custom' names its ${limit}.`,
      }));
    const wrong = wrongLimits(row as Record<(typeof limits)[number], number>);
    return wrong.length > 0 ? wrong : movedScale(row, (context as Map<string, Scale>).get(row.key));
  },
  async afterwards(client, changed) {
    for (const { key, before, after } of changed) {
      if (!before) continue;
      if (before.detractor_max !== after.detractor_max || before.promoter_min !== after.promoter_min)
        await bandAgain(client, key);
    }
    if (changed.some(({ before, after }) => before && before.language !== after.language))
      await matchAgainBySurvey(client);
  },
  async mayRemove(client, key) {
    if (await hasResponses(client, key))
      throw conflict('survey_in_use', `The survey '${key}' has responses or invitations; remove those first.`);
  },
});

function wrongLimits(row: Record<(typeof limits)[number], number>): FieldError[] {
  const errors: FieldError[] = [];
  if (row.scale_min >= row.scale_max)
    errors.push({ pointer: '/scale_max', code: 'empty_scale', detail: 'scale_max is above scale_min.' });
  if (row.detractor_max >= row.promoter_min)
    errors.push({ pointer: '/promoter_min', code: 'bands_overlap', detail: 'promoter_min is above detractor_max.' });
  for (const limit of ['detractor_max', 'promoter_min', 'satisfied_min'] as const)
    if (row[limit] < row.scale_min || row[limit] > row.scale_max)
      errors.push({ pointer: `/${limit}`, code: 'off_scale', detail: `${limit} lies within the scale.` });
  return errors;
}

/** Fills in what the sender left to the usual scale. */
function withUsual<R extends Sent>(row: R): R {
  const given = row.kind === 'custom' ? undefined : usual[row.kind];
  for (const limit of limits) row[limit] ??= given?.[limit];
  row.higher_is_better ??= true;
  row.triggered_by_leaving ??= false;
  row.language ??= usualLanguage;
  row.satisfied_min ??= row.promoter_min;
  return row;
}

type Sent = { [L in (typeof limits)[number]]?: number | null | undefined } & {
  key: string;
  kind: keyof typeof usual | 'custom';
  higher_is_better?: boolean | null | undefined;
  triggered_by_leaving?: boolean | null | undefined;
  language?: string | null | undefined;
};

type Scale = { [C in 'scale_min' | 'scale_max' | 'higher_is_better']?: unknown };

/** Scores that were given on a scale cannot be read on another one. */
function movedScale(row: Scale & { key: string }, inUse: Scale | undefined): FieldError[] {
  if (inUse === undefined) return [];
  const moved = (['scale_min', 'scale_max', 'higher_is_better'] as const).filter((name) => row[name] !== inUse[name]);
  return moved.map((name) => ({
    pointer: `/${name}`,
    code: 'survey_in_use',
    detail: `The survey '${row.key}' has responses, so its ${name} must stay ${inUse[name]}: scores of different scales are never pooled. Make a new survey.`,
  }));
}

const isUsedSql = (key: string) =>
  `(exists (select from responses where survey = ${key}) or exists (select from invitations where survey = ${key}))`;

async function hasResponses(client: Client, survey: string): Promise<boolean> {
  const found = await client.rows(`select 1 where ${isUsedSql('$1')}`, [survey]);
  return found.length > 0;
}

/**
 * Gives every response of the survey the band of the limits as they are now; none that another sender moves to another
 * survey meanwhile.
 */
async function bandAgain(client: Client, survey: string): Promise<void> {
  await client.rows(
    `update responses r set band = banded.band, changed_at = now(), changed_xid = pg_current_xact_id()
     from (
       select id, case when good <= detractor_max then 'detractor' when good >= promoter_min then 'promoter' else 'passive' end as band
       from (
         select id, detractor_max, promoter_min,
           case when higher_is_better then score else scale_min + scale_max - score end as good
         from responses join surveys on key = survey where survey = $1
       ) mirrored
     ) banded
     where r.id = banded.id and r.survey = $1 and r.band <> banded.band`,
    [survey],
  );
}
