import type { Client, Database } from '../../src/db/pool.ts';
import { matchBatch } from '../../src/matching/match.ts';
import { refresh } from '../../src/outcomes/refresh.ts';
import { type Line, rate, seconds, time } from './measure.ts';
import { seedManaged } from './seed-managed.ts';

const meta = `'bench', now(), now(), pg_current_xact_id()`;
const metaColumns = 'source, recorded_at, changed_at, changed_xid';
const at = `timestamptz '2023-01-01' + make_interval(secs => (random() * 94608000)::int)`;
/** The touchpoints that the drivers of the score are looked for among. */
export const touchpoints = ['delivery', 'service', 'website'] as const;

/** Fills a database as the service would have: the company of `seed`, and everything that is worked out from it. */
export async function fill(db: Database, responses: number): Promise<Line> {
  await seed(db, responses);
  const rebuilt = await seconds(() => refresh(db));
  while (await matchBatch(db, 100_000));
  // What the server would do within minutes: else the first answers pay for what the load left behind.
  await db.read(async (client) => {
    await client.rows(`select set_config('statement_timeout', '0', false)`);
    await client.rows('vacuum analyze');
    await client.rows('checkpoint');
  });
  const [words, payments] = [responses, 5 * responses].map((count) => count.toLocaleString('en-US'));
  return {
    what: `working out everything, ${words} responses and ${payments} payments`,
    measured: time(rebuilt),
    against: rate(responses, rebuilt),
    ratio: null,
    aim: '',
  };
}

/**
 * Puts a company into the raw tables: so many responses to one survey, of a third as many customers over three years,
 * with five revenue events, an invitation, three tenths of a response about touchpoints, and a fifth of a referral and of
 * a retention event each; and what people keep by hand. By SQL and before there are indexes, since what is measured is not
 * the load; always the same, so that two runs can be compared.
 */
async function seed(db: Database, responses: number): Promise<void> {
  const customers = Math.ceil(responses / 3);
  const who = `'C' || 1 + (random() * ${customers - 1})::int`;
  const long = { statement_timeout_ms: 0 };
  const add = (client: Client, table: string, columns: string, from: string) =>
    client.rows(`insert into ${table} (${columns}, ${metaColumns}) ${from}`);
  await db.write(async (client) => {
    await client.rows(`select setseed(0.5), set_config('maintenance_work_mem', '512MB', true)`);
    await add(
      client,
      'surveys',
      'key, name, kind, scale_min, scale_max, higher_is_better, detractor_max, promoter_min, satisfied_min, triggered_by_leaving',
      `select 'nps', 'NPS', 'nps', 0, 10, true, 6, 9, 9, false, ${meta}
       union all
       select key, key, 'csat', 1, 5, true, 2, 5, 4, false, ${meta} from unnest('{${touchpoints.join(',')}}'::text[]) as key`,
    );
    await add(client, 'units', 'key, name', `select 'unit-' || n, 'Unit ' || n, ${meta} from generate_series(0, 39) n`);
    const makeIndexes = await withoutIndexes(client, [
      'customers',
      'responses',
      'revenue_events',
      'referrals',
      'retention_events',
      'invitations',
    ]);
    await add(
      client,
      'customers',
      'id, segment, region, unit, acquisition, attributes',
      `select 'C' || n, (array['smb', 'mid', 'large', 'public'])[1 + n % 4], 'region-' || n % 8, 'unit-' || n % 40,
         (array['referral', 'word_of_mouth', 'advertising', 'sales', null])[1 + n % 5], '{}', ${meta}
       from generate_series(1, ${customers}) n`,
    );
    const answer = 'id, customer_id, survey, score, band, comment, themes, moment, unit, channel, answered_at';
    await add(
      client,
      'responses',
      answer,
      `select 'A' || n, ${who}, 'nps', score,
         case when score <= 6 then 'detractor' when score >= 9 then 'promoter' else 'passive' end,
         case when n % 10 = 0 then (array['I waited much too long for the parcel', 'the invoice was wrong again',
           'nobody called me back', 'all was fine, thank you'])[1 + n / 10 % 4] end,
         array['theme-' || n % 12], 'moment-' || n % 6, 'unit-' || n % 40, (array['email', 'phone', 'store'])[1 + n % 3], ${at}, ${meta}
       from (select n, (random() * 10)::int as score from generate_series(1, ${responses}) n) s`,
    );
    await add(
      client,
      'responses',
      answer,
      `select upper(left(survey, 1)) || id, customer_id, survey, score,
         case when score <= 2 then 'detractor' when score = 5 then 'promoter' else 'passive' end, null, '{}', moment, unit,
         channel, answered_at - interval '1 hour', ${meta}
       from (
         select r.id, r.customer_id, t.survey, r.moment, r.unit, r.channel, r.answered_at,
           least(5, greatest(1, round(1 + r.score / 2.5 + (random() - 0.5) * 2 * t.place))) as score
         from responses r cross join unnest('{${touchpoints.join(',')}}'::text[]) with ordinality as t(survey, place)
         where substr(r.id, 2)::int % 10 = 0
       ) s`,
    );
    await add(
      client,
      'invitations',
      'id, customer_id, survey, moment, unit, sent_at, status',
      `select 'I' || substr(id, 2), case when n % 2 = 0 then customer_id else ${who} end, 'nps', moment, unit,
         answered_at - random() * interval '10 days', case when n % 25 = 1 then 'bounced' else 'delivered' end, ${meta}
       from (select *, substr(id, 2)::int as n from responses where survey = 'nps') r`,
    );
    await add(
      client,
      'revenue_events',
      'id, customer_id, type, amount, currency, occurred_at',
      // Every seventh customer came in the last year.
      `select 'R' || n, 'C' || c, 'one_time', (random() * 200)::numeric(12, 2), 'EUR',
         case when c % 7 = 0 then timestamptz '2024-12-15' + random() * interval '381 days' else ${at} end, ${meta}
       from (select n, 1 + (random() * ${customers - 1})::int as c from generate_series(1, ${5 * responses}) n) s`,
    );
    await add(
      client,
      'referrals',
      'id, referrer_id, made_at, converted_at',
      `select 'F' || n, ${who}, made_at, case when n % 4 = 0 then made_at + interval '20 days' end, ${meta}
       from (select n, ${at} as made_at from generate_series(1, ${Math.ceil(responses / 5)}) n) s`,
    );
    await add(
      client,
      'retention_events',
      'id, customer_id, type, reason, occurred_at',
      `select 'E' || n, 'C' || n, case when n % 3 = 0 then 'churned' else 'started' end,
         case when n % 3 = 0 then (array['price', 'better offer', 'moved away', 'bad service', null])[1 + n % 5] end, ${at}, ${meta}
       from generate_series(1, ${Math.ceil(responses / 5)}) n`,
    );
    await makeIndexes();
    await seedManaged(client, responses);
  }, long);
  await db.write((client) => client.rows('analyze'), long);
}

/** Takes the indexes of these tables away. @returns what makes them again, which many rows at once are quicker with */
async function withoutIndexes(client: Client, tables: readonly string[]): Promise<() => Promise<void>> {
  const found = await client.rows<{ drop: string; make: string }>(
    `select case when k.oid is null then format('drop index %I', x.indexname)
         else format('alter table %I drop constraint %I', x.tablename, k.conname) end as drop,
       case when k.oid is null then x.indexdef
         else format('alter table %I add constraint %s %s', x.tablename, k.conname, pg_get_constraintdef(k.oid)) end as make
     from pg_indexes x left join pg_constraint k on k.conindid = format('%I.%I', x.schemaname, x.indexname)::regclass
     where x.schemaname = 'public' and x.tablename = any($1::text[])`,
    [tables],
  );
  for (const { drop } of found) await client.rows(drop);
  return async () => {
    for (const { make } of found) await client.rows(make);
  };
}
