import type { Static, TObject, TProperties } from 'typebox';
import type { Database } from '../db/pool.ts';
import type { Answer } from './answer.ts';

/** What an answer depends on besides the question: whether the reader may see people. */
export interface Reader {
  personal: boolean;
}

interface Declaration<Query extends TProperties, Params extends TProperties> {
  path: string;
  operationId: string;
  summary: string;
  description: string;
  tag: string;
  /** What its path names, where it names something: given to `answer` beside the query. */
  params?: Params;
  /** The parameters that it takes in the address. */
  query: Query;
  /** How a row of its answer looks; its columns are those of the CSV. */
  row: TObject;
  /** How a row of `comparisons` looks, where it is not the usual one. */
  comparison?: TObject;
  answer: (db: Database, given: Static<TObject<Query>> & Static<TObject<Params>>, reader: Reader) => Promise<Answer>;
}

/** A question as the routes see it. */
export interface DeclaredQuestion extends Omit<Declaration<TProperties, TProperties>, 'answer'> {
  readonly answer: (db: Database, given: never, reader: Reader) => Promise<Answer>;
}

/** Declares a question: the one place that knows its path, its parameters and its rows. */
export const declareQuestion = <Query extends TProperties, Params extends TProperties>(
  declaration: Declaration<Query, Params>,
): DeclaredQuestion => declaration;
