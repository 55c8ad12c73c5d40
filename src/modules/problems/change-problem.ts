import type { Static } from 'typebox';
import type { Author } from '../../db/audit.ts';
import { getManaged, insertManaged, updateManaged } from '../../db/managed.ts';
import type { Client } from '../../db/pool.ts';
import { conflict, type FieldError, invalid } from '../../errors.ts';
import { usualLanguage } from '../../matching/languages.ts';
import { matchProblemAgain } from '../../matching/progress.ts';
import { noun, type ProblemRow } from './queries.ts';
import type { CustomerProblemChanges, NewCustomerProblem } from './schemas.ts';

const dayMs = 86_400_000;
const earliest = Date.parse('1900-01-01T00:00:00Z');

/**
 * Makes a problem, which is looked for in all responses from then on, in the background.
 * @throws ApiError 409 where the key is taken, 422 for a phrase without words and for a date that does not fit
 */
export async function createProblem(
  client: Client,
  { resolved_at, ...body }: Static<typeof NewCustomerProblem>,
  author: Author,
): Promise<ProblemRow> {
  const given = { language: null, owner: null, phrases: [], themes: [], status: 'open' as const, ...body };
  await requireWords(client, given);
  const made = await insertManaged<ProblemRow>(
    client,
    noun,
    { ...given, resolved_at: resolvedAt(given.status, resolved_at, null) },
    author,
  );
  await matchProblemAgain(client, made.key);
  return made;
}

/**
 * Changes a problem. Where that changes what it is recognised by, it is looked for again in all responses.
 * @param match - checks that the caller has seen the version
 * @throws ApiError 404, 409 for an archived one, 422 as above
 */
export async function changeProblem(
  client: Client,
  key: string,
  { resolved_at, ...changes }: Static<typeof CustomerProblemChanges>,
  author: Author,
  match: (version: number) => void,
): Promise<ProblemRow> {
  const before = await getManaged<ProblemRow>(client, noun, key, true);
  match(before.version);
  if (before.archived_at !== null)
    throw conflict('archived', `The problem '${key}' is archived, so it stays as it is. Make a new one.`);
  const after = { ...before, ...changes };
  const recognises = ({ phrases, themes, language }: ProblemRow) => JSON.stringify([phrases, themes, language]);
  const isAnother = recognises(before) !== recognises(after);
  if (isAnother) await requireWords(client, after);
  const changed = await updateManaged(
    client,
    noun,
    before,
    { ...changes, resolved_at: resolvedAt(after.status, resolved_at, before.resolved_at) },
    author,
  );
  if (isAnother) await matchProblemAgain(client, key);
  return changed;
}

/** Takes a problem out of every answer. What was found of it is removed in the background. */
export async function archiveProblem(
  client: Client,
  key: string,
  author: Author,
  match: (version: number) => void,
): Promise<void> {
  const before = await getManaged<ProblemRow>(client, noun, key, true);
  match(before.version);
  if (before.archived_at !== null) return;
  await updateManaged(client, noun, before, { archived_at: new Date() }, author, 'archived');
  await matchProblemAgain(client, key);
}

/** The date of the fix that goes with a status. @param given - undefined where the caller says nothing of it */
function resolvedAt(status: string, given: string | null | undefined, before: Date | null): Date | null {
  const refuse = (code: string, detail: string) => invalid(detail, [{ pointer: '/resolved_at', code, detail }], code);
  if (status !== 'resolved') {
    if (given == null) return null;
    throw refuse('not_resolved', "Only a problem of the status 'resolved' has a resolved_at; send both together.");
  }
  if (given === null)
    throw refuse(
      'resolved_at_needed',
      "A problem of the status 'resolved' keeps its resolved_at; send another status.",
    );
  if (given === undefined) return before ?? new Date();
  const at = new Date(given);
  if (at.getTime() < earliest || at.getTime() > Date.now() + dayMs)
    throw refuse('out_of_range', 'resolved_at lies between 1900 and tomorrow.');
  return at;
}

/**
 * Makes sure that every phrase has a word to look for, in its language or in one of those that surveys have.
 * @throws ApiError 422 that names each phrase that has none
 */
async function requireWords(
  client: Client,
  { phrases, language }: { phrases: readonly string[]; language: string | null },
): Promise<void> {
  const spoken =
    language === null
      ? await client.rows<{ language: string }>('select distinct language from surveys')
      : [{ language }];
  const languages = spoken.length > 0 ? spoken.map((one) => one.language) : [usualLanguage];
  const wordless = await client.rows<{ place: number; phrase: string }>(
    `select place::int4 - 1 as place, phrase from unnest($1::text[]) with ordinality as given(phrase, place)
     where not exists (
       select from unnest($2::text[]) as language where numnode(phraseto_tsquery(language::regconfig, phrase)) > 0
     ) order by place`,
    [phrases, languages],
  );
  const errors = wordless.map(
    ({ place, phrase }): FieldError => ({
      pointer: `/phrases/${place}`,
      code: 'no_words',
      detail: `'${phrase}' holds no word to look for in ${languages.join(', ')}: only words that every text has, or signs. Add a word that tells it, or set the language to 'simple'.`,
    }),
  );
  if (errors[0]) throw invalid(errors[0].detail, errors, 'no_words');
}
