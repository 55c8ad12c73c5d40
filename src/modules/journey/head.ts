import type { Static } from 'typebox';
import { minorDigits } from '../../currencies.ts';
import type { Client, Param } from '../../db/pool.ts';
import { visibleSql } from '../../db/unit-tree.ts';
import type { Reader } from '../../http/scopes.ts';
import type { Journey } from './schemas.ts';

type Head = Pick<Static<typeof Journey>, 'customer' | 'standing' | 'reads_as'>;

interface Row {
  name: string | null;
  email: string | null;
  segment: string | null;
  region: string | null;
  unit: string | null;
  acquired_at: Date | null;
  acquisition: string | null;
  revenue_through: Date | null;
  trailing_revenue: string | null;
  trailing_orders: number | null;
  first_paid_at: Date | null;
  last_paid_at: Date | null;
  contract: 'active' | 'ended' | null;
  ended_at: Date | null;
  latest_survey: string | null;
  latest_band: string | null;
  latest_at: Date | null;
  follow_up_state: string | null;
}

/** What is known of a customer as a whole; undefined where it has no record that the reader sees. */
export async function findHead(
  client: Client,
  id: string,
  currency: string,
  { personal, units }: Reader,
): Promise<Head | undefined> {
  const parameters: Param[] = [id];
  const visible = (alias: string, hasCustomer = true) =>
    visibleSql(
      { unit: `${alias}.unit`, ...(hasCustomer && { customer: `${alias}.customer_id` }) },
      units,
      (value) => `$${parameters.push(value)}`,
    );
  const [row] = await client.rows<Row>(
    `select c.*, (select revenue_through from refresh_state) as revenue_through, trim_scale(s.trailing_revenue)::text as trailing_revenue,
       s.trailing_orders, s.first_paid_at, s.last_paid_at, s.contract, s.ended_at, r.survey as latest_survey,
       r.band as latest_band, r.answered_at as latest_at,
       (select state from follow_ups f where customer_id = c.id and state <> 'closed' and ${visible('f')}) as follow_up_state
     from customers c
     left join customer_standing s on s.customer_id = c.id
     left join lateral (
       select survey, band, answered_at from responses r where customer_id = c.id and ${visible('r')}
       order by answered_at desc, id desc limit 1
     ) r on true
     where c.id = $1 and ${visible('c', false)}`,
    parameters,
  );
  if (!row) return undefined;
  const text = (value: Date | null) => value?.toISOString() ?? null;
  const { name, email, segment, region, unit, acquisition, trailing_revenue, contract } = row;
  return {
    customer: {
      id,
      ...(personal && { name, email }),
      segment,
      region,
      unit,
      acquired_at: text(row.acquired_at),
      acquisition,
    },
    standing:
      trailing_revenue === null
        ? null
        : {
            as_of: text(row.revenue_through),
            trailing_revenue,
            trailing_orders: row.trailing_orders ?? 0,
            first_paid_at: text(row.first_paid_at),
            last_paid_at: text(row.last_paid_at),
            contract,
            ended_at: text(row.ended_at),
          },
    reads_as: sentence(id, row, currency),
  };
}

const day = (at: Date) => at.toISOString().slice(0, 10);

/** Where the customer stands, in a sentence. */
function sentence(id: string, row: Row, currency: string): string {
  const {
    latest_at,
    latest_band,
    latest_survey,
    trailing_revenue,
    revenue_through,
    contract,
    ended_at,
    follow_up_state,
  } = row;
  const digits = minorDigits(currency);
  const amount = Number(trailing_revenue ?? 0).toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  const parts = [
    latest_at
      ? `answered the survey '${latest_survey}' last on ${day(latest_at)}, as a ${latest_band}`
      : 'has not answered a survey',
    revenue_through && trailing_revenue !== null
      ? `paid ${amount} ${currency} net in the 365 days to ${day(revenue_through)}`
      : 'is not known to have paid anything',
    ...(contract === 'active' ? ['has a contract that runs'] : []),
    ...(contract === 'ended' && ended_at ? [`left on ${day(ended_at)}`] : []),
    follow_up_state === null
      ? 'has no follow-up that is not closed'
      : `has a follow-up in the state '${follow_up_state}'`,
  ];
  return `The customer '${id}' ${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}.`;
}
