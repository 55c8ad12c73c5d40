import { writeAudit } from '../db/audit.ts';
import { recordEvents } from '../db/events.ts';
import type { Client } from '../db/pool.ts';
import { readReporting } from '../db/settings.ts';
import { uuid7 } from '../db/uuid7.ts';
import { type Band, bands } from './cells.ts';
import { converted } from './definition.ts';
import { type FollowUpRow, followUpEvent } from './follow-ups.ts';

/** A response as far as the rules look at it. */
export interface RatedResponse {
  id: string;
  customer_id: string | null;
  survey: string;
  band: Band;
  unit: string | null;
  answered_at: string;
}

interface Rule {
  survey: string;
  bands: string[];
  minimum_revenue: string | null;
  due_hours: number;
  max_age_days: number;
}

const dayMs = 86_400_000;
const author = { name: 'follow-up rule' };

/**
 * Opens the follow-ups that responses ask for by the rules of their surveys, in the transaction that stores them. A
 * response asks when its band is one of the rule's, it is not older than the rule takes, and its customer spent enough.
 * One whose customer has a follow-up already is noted on that one; an anonymous one cannot be followed up. A response
 * asks once, however often it is sent or corrected. One that was corrected to a better band, or to another customer,
 * asks no more: a follow-up that nobody has touched is then withdrawn.
 * @param changed the responses that were made (without `before`) or changed
 */
export async function followUp(
  client: Client,
  changed: readonly { before?: RatedResponse | undefined; after: RatedResponse }[],
): Promise<void> {
  const rules = await client.rows<Rule>(
    `select survey, bands, minimum_revenue, due_hours, max_age_days
     from follow_up_rules where active and archived_at is null`,
  );
  const ruleOf = new Map(rules.map((rule) => [rule.survey, rule]));
  const asks = ({ survey, band, customer_id, answered_at }: RatedResponse) => {
    const rule = ruleOf.get(survey);
    return (
      customer_id !== null &&
      rule?.bands.includes(band) === true &&
      Date.parse(answered_at) >= Date.now() - rule.max_age_days * dayMs
    );
  };
  const isBetter = (before: RatedResponse, after: RatedResponse) =>
    bands.indexOf(after.band) > bands.indexOf(before.band) && !asks(after);
  await withdraw(
    client,
    changed.flatMap(({ before, after }) => {
      if (before?.customer_id == null) return [];
      const { customer_id, id } = before;
      if (after.customer_id !== customer_id) {
        const to = after.customer_id === null ? 'made anonymous' : 'moved to another customer';
        return [{ customer_id, response_id: id, because: `The response '${id}' was ${to}.` }];
      }
      return isBetter(before, after)
        ? [
            {
              customer_id,
              response_id: id,
              because: `The response '${id}' was corrected from ${before.band} to ${after.band}.`,
            },
          ]
        : [];
    }),
  );
  await open(
    client,
    changed.flatMap(({ before, after }) => {
      const asked = before !== undefined && before.customer_id === after.customer_id && asks(before);
      const rule = ruleOf.get(after.survey);
      return rule && asks(after) && !asked ? [{ rule, response: after }] : [];
    }),
  );
}

/** A response was removed: a follow-up that nobody has touched is withdrawn. */
export async function forgetResponse(
  client: Client,
  { id, customer_id }: { id: string; customer_id: string | null },
): Promise<void> {
  if (customer_id === null) return;
  await withdraw(client, [{ customer_id, response_id: id, because: `The response '${id}' was removed.` }]);
}

/**
 * One statement for the whole batch. In the order of the customers, so that batches wait for each other and do not
 * deadlock; the unique index makes one of two that come at once note its response on the other's follow-up.
 */
async function open(client: Client, asking: { rule: Rule; response: RatedResponse }[]): Promise<void> {
  if (asking.length === 0) return;
  const { time_zone, currency } = await readReporting(client);
  const rows = await client.rows<FollowUpRow & { is_new: boolean }>(
    `with asked as materialized (
       select a.* from json_to_recordset($3::json) as a(id uuid, customer_id text, response_id text, survey text,
         unit text, answered_at timestamptz, due_hours int, minimum_revenue numeric)
       where not exists (
         select from follow_ups f
         where f.customer_id = a.customer_id and a.response_id = any(f.response_ids) and f.closed_as is distinct from 'withdrawn'
       ) and (a.minimum_revenue is null or a.minimum_revenue <= (
         select coalesce(sum(${converted}), 0) from revenue_events e
         where e.customer_id = a.customer_id and e.occurred_at > a.answered_at - interval '365 days'
           and e.occurred_at <= a.answered_at
       ))
     ),
     opening as (
       select distinct on (customer_id) id, customer_id, survey, unit, due_hours,
         array_agg(response_id) over (
           partition by customer_id order by answered_at, response_id
           rows between unbounded preceding and unbounded following
         ) as response_ids
       from asked order by customer_id, answered_at, response_id
     )
     insert into follow_ups (id, customer_id, survey, unit, response_ids, origin, due_at, first_due_at, remind_at)
     select o.id, o.customer_id, o.survey, coalesce(o.unit, (select c.unit from customers c where c.id = o.customer_id)),
       o.response_ids, 'rule', due, due, now() + (due - now()) * 0.75
     from opening o cross join lateral (select now() + make_interval(hours => o.due_hours) as due) d
     order by o.customer_id
     on conflict (customer_id) where state <> 'closed' do update set
       response_ids = follow_ups.response_ids || excluded.response_ids, version = follow_ups.version + 1,
       changed_at = now(), changed_xid = pg_current_xact_id()
     returning *, (xmax = 0) as is_new`,
    [
      time_zone,
      currency,
      JSON.stringify(
        asking.map(({ rule, response: { id, customer_id, survey, unit, answered_at } }) => ({
          id: uuid7(),
          response_id: id,
          customer_id,
          survey,
          unit,
          answered_at,
          due_hours: rule.due_hours,
          minimum_revenue: rule.minimum_revenue,
        })),
      ),
    ],
  );
  const opened = rows.filter(({ is_new }) => is_new);
  await recordEvents(
    client,
    opened.map((row) => followUpEvent('opened', row)),
  );
  await writeAudit(
    client,
    author,
    rows.map(({ id, customer_id, response_ids, is_new }) => ({
      action: is_new ? 'created' : 'changed',
      noun: 'follow_up',
      key: id,
      after: is_new ? { customer_id, response_ids } : { response_ids },
    })),
  );
}

/**
 * Takes responses that ask no more from the follow-ups that nobody has touched; what is left without one is closed as
 * withdrawn, and says why. Who has begun on a follow-up ends it himself.
 */
async function withdraw(
  client: Client,
  gone: { customer_id: string; response_id: string; because: string }[],
): Promise<void> {
  if (gone.length === 0) return;
  const rows = await client.rows<FollowUpRow>(
    `with gone as (
       select customer_id, array_agg(response_id) as ids, string_agg(because, ' ' order by response_id) as because
       from json_to_recordset($1::json) as g(customer_id text, response_id text, because text) group by customer_id
     ),
     left_over as materialized (
       select f.id, g.because, array(
         select one from unnest(f.response_ids) with ordinality u(one, place) where one <> all(g.ids) order by place
       ) as response_ids
       from follow_ups f join gone g on g.customer_id = f.customer_id and f.response_ids && g.ids
       where f.state = 'open' and f.origin = 'rule' and f.owner is null and f.note is null and f.promise is null
         and f.problem is null
       order by f.customer_id for update of f
     )
     update follow_ups f set
       response_ids = case when l.response_ids = '{}' then f.response_ids else l.response_ids end,
       survey = coalesce((select r.survey from responses r where r.id = l.response_ids[1]), f.survey),
       state = case when l.response_ids = '{}' then 'closed' else f.state end,
       closed_as = case when l.response_ids = '{}' then 'withdrawn' end,
       closed_at = case when l.response_ids = '{}' then now() end,
       closing_note = case when l.response_ids = '{}' then l.because end,
       version = f.version + 1, changed_at = now(), changed_xid = pg_current_xact_id()
     from left_over l where l.id = f.id
     returning f.*`,
    [JSON.stringify(gone)],
  );
  const withdrawn = rows.filter(({ state }) => state === 'closed');
  await recordEvents(
    client,
    withdrawn.map((row) => followUpEvent('closed', row)),
  );
  await writeAudit(
    client,
    author,
    rows.map(({ id, state, closing_note, response_ids }) => ({
      action: state === 'closed' ? 'withdrawn' : 'changed',
      noun: 'follow_up',
      key: id,
      after: state === 'closed' ? { closing_note } : { response_ids },
    })),
  );
}
