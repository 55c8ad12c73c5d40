/**
 * The languages that phrases and comments may be in: the text search configurations of PostgreSQL 15 and later. `simple`
 * takes words as they are written, but for capitals.
 */
export const languages = [
  'simple',
  'arabic',
  'armenian',
  'basque',
  'catalan',
  'danish',
  'dutch',
  'english',
  'finnish',
  'french',
  'german',
  'greek',
  'hindi',
  'hungarian',
  'indonesian',
  'irish',
  'italian',
  'lithuanian',
  'nepali',
  'norwegian',
  'portuguese',
  'romanian',
  'russian',
  'serbian',
  'spanish',
  'swedish',
  'tamil',
  'turkish',
  'yiddish',
] as const;
type Language = (typeof languages)[number];

/** The language of a survey that names none. */
export const usualLanguage: Language = 'simple';
