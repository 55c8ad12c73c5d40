import type { Client } from '../../db/pool.ts';
import type { Question } from '../question.ts';
import { fromCells, fromRows, Statement, sourceOf } from '../sums.ts';
import { counted } from '../words.ts';

/**
 * The warning where windows before the answer reach back to before any revenue is known: what was paid then looks like
 * nothing, so revenue_before is too low, and the change too high. None where every window begins after the first month
 * with revenue. Cells know months, or years within a dimension, so the responses are counted as at most so many.
 */
export async function beforeFirstRevenue(client: Client, asked: Question): Promise<string[]> {
  const question = { ...asked, group_by: [] };
  const source = sourceOf(question, 'outcome_cells');
  const statement = new Statement();
  const cells = source.from === 'cells';
  const { from, where } = cells
    ? fromCells(statement, 'outcome_cells', question, source.cuboid)
    : fromRows(statement, question);
  const window = statement.param(question.window_days);
  const [found] = await client.rows<{ first: string; known_from: string; unknown: number; responses: number }>(
    `with start as (
       select min(month) as first, ((min(month) + interval '1 month')::date + ${window}::int) as known_from
       from customer_months
     )
     select to_char(first, 'YYYY-MM') as first, known_from::text as known_from, ${
       cells
         ? `coalesce(sum(c.revenue_n) filter (where c.period < known_from), 0)::int8 as unknown,
            coalesce(sum(c.revenue_n), 0)::int8 as responses`
         : `count(*) filter (where c.answered_on < known_from) as unknown,
            count(*) as responses`
     }
     from start cross join ${from}
     where ${where} and ${cells ? `c.window_days = ${window}` : `c.revenue_state = 'counted'`}
     group by first, known_from`,
    statement.parameters,
  );
  if (!found || found.unknown === 0) return [];
  const { first, known_from, unknown, responses } = found;
  return [
    `Revenue events begin in ${first}: for up to ${counted(unknown)} of ${counted(responses)} responses the ${question.window_days} days before the answer are not all known, so revenue_before may be too low for them, and change too high. from=${known_from} leaves them out.`,
  ];
}
