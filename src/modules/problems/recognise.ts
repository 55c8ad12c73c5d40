import type { Client } from '../../db/pool.ts';
import { type FieldError, invalid } from '../../errors.ts';
import type { GivenOf } from '../../managed/declare.ts';
import { usualLanguage } from '../../matching/languages.ts';
import type { ProblemRow, problems } from './problem.ts';

const dayMs = 86_400_000;
const earliest = Date.parse('1900-01-01T00:00:00Z');

/** Whether two versions of a problem are found in other responses. */
export const recognisedAlike = (one: GivenOf<typeof problems>, other: GivenOf<typeof problems>): boolean => {
  const [a, b] = [one, other].map(({ phrases, themes, language }) => JSON.stringify([phrases, themes, language]));
  return a === b;
};

/**
 * The date of the fix that goes with a status.
 * @param given undefined where the caller says nothing of it
 * @throws ApiError 422 for a date that does not fit
 */
export function resolvedAt(
  status: string,
  given: Date | null | undefined,
  before: ProblemRow | undefined,
): Date | null {
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
  if (given === undefined) return before?.resolved_at ?? new Date();
  if (given.getTime() < earliest || given.getTime() > Date.now() + dayMs)
    throw refuse('out_of_range', 'resolved_at lies between 1900 and tomorrow.');
  return given;
}

/**
 * Makes sure that every phrase has a word to look for, in its language or in one of those that surveys have.
 * @throws ApiError 422 that names each phrase that has none
 */
export async function requireWords(
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
