/**
 * RFC 3339 in UTC with milliseconds, from a timestamptz(3); connections have their time zone set to UTC. JSON has the
 * form already, but leaves out zeros at the end: a tenth of a millisecond more, which is cut off again, keeps them.
 * That takes six tenths of the time of to_char.
 */
export const instantSql = (expression: string) =>
  `(substr(to_json(${expression} + interval '100 microseconds')::text, 2, 23) || 'Z')`;

/**
 * The JSON text of an object, made by PostgreSQL: twice as fast as making objects of a page and writing them again.
 * @param fields expressions, each with the name of its field: `t.id as id`
 */
export const objectSql = (fields: readonly string[]) =>
  `row_to_json((select shown from (select ${fields.join(', ')}) shown))::text`;

/**
 * The fields of a JSON text that are moments, as `instantSql` writes them, at a quarter of its cost to the database: it
 * writes them in its own form, and `finish` cuts that. Only for texts of `row_to_json`, which sets no space between a name
 * and its value: so what people wrote, which has its quotes escaped, is never taken for a field, nor is a name in a jsonb.
 */
export function instantFields(names: readonly string[]): {
  sql: (expression: string) => string;
  finish: (text: string) => string;
} {
  const written = new RegExp(`("(?:${names.join('|')})":".{23})\\d\\+00:00"`, 'g');
  return {
    sql: (expression) => `${expression} + interval '100 microseconds'`,
    finish: (text) => text.replace(written, '$1Z"'),
  };
}
