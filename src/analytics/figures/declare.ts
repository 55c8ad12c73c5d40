import type { Static, TObject, TProperties } from 'typebox';
import type { Cadence } from '../../db/cadence.ts';
import type { Bound } from '../../db/period.ts';
import type { Client } from '../../db/pool.ts';
import type { AnswerRow } from '../answer.ts';
import type { Reader } from '../declare.ts';

/** A period that a figure is read of. */
export interface FigurePeriod {
  /** Its first day, and the first one after it. */
  start_on: string;
  end_on: string;
  /** The moments at which these days begin. */
  from: Bound;
  to: Bound;
}

/** What is asked of a figure. */
interface FigureAsked<Filters> {
  periods: readonly FigurePeriod[];
  filters: Filters;
  /** The unit, with everything below it; null: everybody. */
  unit: string | null;
  reader: Reader;
  now: Date;
}

/** What a question says of one period, of which several figures are columns. */
interface PeriodRow {
  /** Undefined where the question has no row. */
  row: AnswerRow | undefined;
  /** Whether everything that belongs to the period is known: its facts are complete, and its windows have elapsed. */
  is_complete: boolean;
}

/** The figures that one question tells: how its rows are read period by period, just as the question has them. */
export interface Family<Filters extends TProperties> {
  /** The question of the API, such as `analytics/scores`. */
  question: string;
  definition: { id: string; version: number; text: string };
  /** What its figures can be narrowed to, besides the unit. */
  filters: Filters;
  /** By what it can be told. */
  cadences: readonly Cadence[];
  /**
   * @returns a row for every period, in their order; `complete_through` is null where no facts were sent
   * @throws ApiError 400 where what a filter names is not there (any more)
   */
  read: (
    client: Client,
    asked: FigureAsked<Static<TObject<Filters>>>,
  ) => Promise<{ rows: PeriodRow[]; complete_through: Date | null }>;
}

interface Declaration<Filters extends TProperties> {
  id: string;
  label: string;
  /** Of what kind its numbers are; `currency` is the one that is reported in. */
  unit: 'points' | 'share' | 'currency' | 'score' | 'responses' | 'referrals';
  /** Null where it depends on the survey. */
  direction: 'higher_is_better' | 'lower_is_better' | null;
  /** Whether the figure of the whole is the sum of those of its parts. */
  is_additive: boolean;
  /** How figures of parts, or of periods, become that of the whole. */
  adding_up: string;
  family: Family<Filters>;
  /** The column of the question's rows; its interval has the same name with `_low` and `_high`. */
  column: string;
  /** The column that counts what it rests on. */
  n: string;
  /** Of which kinds of surveys it is told; of all unless given. */
  kinds?: readonly string[];
}

/** A figure in one period. */
export interface FigureRow {
  value: number | null;
  /** How many things it rests on; null where a reader may not know. */
  n: number | null;
  /** Its 95% interval; null where none is told. */
  low: number | null;
  high: number | null;
  /** Why it is not told though there is something to tell. */
  withheld: string | null;
  is_complete: boolean;
}

/** A figure as the registry, mile markers and their series see it. */
export interface Figure extends Omit<Declaration<TProperties>, 'family'> {
  readonly family: Omit<Family<TProperties>, 'read'>;
  /**
   * Reads the figure in each of some periods, exactly as its question tells it.
   * @param asked - its filters were checked by the schema of the family
   * @returns a row for every period, in their order; `complete_through` is null where no facts were sent
   * @throws ApiError 400 where what a filter names is not there (any more)
   */
  readonly read: (
    client: Client,
    asked: FigureAsked<Record<string, unknown>>,
  ) => Promise<{ rows: FigureRow[]; complete_through: Date | null }>;
}

/** Declares a figure: the one place that knows what it is called, of what kind it is and where it is told. */
export function declareFigure<Filters extends TProperties>(declaration: Declaration<Filters>): Figure {
  const { family, column, n, kinds } = declaration;
  return {
    ...declaration,
    async read(client, asked) {
      // The filters were checked by the same schema that types them.
      const found = await family.read(client, asked as FigureAsked<Static<TObject<Filters>>>);
      return {
        complete_through: found.complete_through,
        rows: found.rows.map((one) => rowOf(one, { column, n, kinds }, asked.filters)),
      };
    },
  };
}

const nothing = { value: null, n: 0, low: null, high: null, withheld: null };

function rowOf(
  { row, is_complete }: PeriodRow,
  { column, n, kinds }: Pick<Declaration<TProperties>, 'column' | 'n'> & { kinds: readonly string[] | undefined },
  { min_n = 10 }: Record<string, unknown>,
): FigureRow {
  if (!row) return { ...nothing, is_complete };
  const number = (name: string) => (typeof row[name] === 'number' ? row[name] : null);
  const isKind = kinds === undefined || kinds.includes(String(row.kind));
  const told = { value: isKind ? number(column) : null, n: number(n) };
  if (told.value !== null)
    return { ...told, low: number(`${column}_low`), high: number(`${column}_high`), withheld: null, is_complete };
  if (told.n === 0) return { ...nothing, is_complete };
  const withheld = isKind
    ? (row.withheld ?? `fewer than ${min_n} of which it is known`)
    : `it is told of surveys of the kind ${kinds?.join(' or ')}, and this one is of the kind ${row.kind}`;
  return { ...nothing, n: told.n, withheld: String(withheld), is_complete };
}

/** Whether all of a period lies before a moment; `after_days` later than it ends, where something takes so long. */
export const isOver = ({ to }: FigurePeriod, through: Date | null, after_days = 0): boolean =>
  through !== null && Date.parse(to.at) + after_days * 86_400_000 <= through.getTime();
