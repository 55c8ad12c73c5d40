import type { Client } from '../../db/pool.ts';
import { type FieldError, refuse } from '../../errors.ts';
import type { GivenOf } from '../../managed/declare.ts';
import { usualLanguage } from '../../matching/languages.ts';
import type { problems } from './problem.ts';

/** Whether two versions of a problem are found in other responses. */
export const recognisedAlike = (one: GivenOf<typeof problems>, other: GivenOf<typeof problems>): boolean => {
  const [a, b] = [one, other].map(({ phrases, themes, language }) => JSON.stringify([phrases, themes, language]));
  return a === b;
};

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
  refuse(errors, 'no_words');
}
