/** The type of an answer whose text the database made. */
export const json = 'application/json; charset=utf-8';

/** A page of rows that are JSON texts already. */
export const page = (next: object, rows: string[]) => `{"page":${JSON.stringify(next)},"data":[${rows.join(',')}]}`;
