import type { Database } from '../../src/db/pool.ts';

/**
 * Puts a company into the raw tables: so many responses of a third as many customers over three years, five revenue
 * events and a fifth of a referral and of a retention event a response. By SQL, since what is measured is not the load.
 */
export async function seed(db: Database, responses: number): Promise<void> {
  const customers = Math.ceil(responses / 3);
  const meta = `'bench', now(), now(), pg_current_xact_id()`;
  const at = `timestamptz '2023-01-01' + make_interval(secs => (random() * 94608000)::int)`;
  const long = { statement_timeout_ms: 0 };
  await db.write(async (client) => {
    await client.rows(
      `insert into surveys (key, name, kind, scale_min, scale_max, higher_is_better, detractor_max, promoter_min, satisfied_min, triggered_by_leaving, source, recorded_at, changed_at, changed_xid)
       values ('nps', 'NPS', 'nps', 0, 10, true, 6, 9, 9, false, ${meta}) on conflict do nothing`,
    );
    await client.rows(
      `insert into customers (id, segment, region, attributes, source, recorded_at, changed_at, changed_xid)
       select 'C' || n, (array['smb', 'mid', 'large', 'public'])[1 + n % 4], 'region-' || n % 8, '{}', ${meta} from generate_series(1, ${customers}) n`,
    );
    await client.rows(
      `insert into responses (id, customer_id, survey, score, band, themes, moment, unit, channel, answered_at, source, recorded_at, changed_at, changed_xid)
       select 'A' || n, 'C' || 1 + (random() * ${customers - 1})::int, 'nps', score,
         case when score <= 6 then 'detractor' when score >= 9 then 'promoter' else 'passive' end,
         array['theme-' || n % 12], 'moment-' || n % 6, 'unit-' || n % 40, (array['email', 'phone', 'store'])[1 + n % 3], ${at}, ${meta}
       from (select n, (random() * 10)::int as score from generate_series(1, ${responses}) n) s`,
    );
    await client.rows(
      `insert into revenue_events (id, customer_id, type, amount, currency, occurred_at, source, recorded_at, changed_at, changed_xid)
       select 'R' || n, 'C' || 1 + (random() * ${customers - 1})::int, 'one_time', (random() * 200)::numeric(12, 2), 'EUR', ${at}, ${meta}
       from generate_series(1, ${5 * responses}) n`,
    );
    await client.rows(
      `insert into referrals (id, referrer_id, made_at, source, recorded_at, changed_at, changed_xid)
       select 'F' || n, 'C' || 1 + (random() * ${customers - 1})::int, ${at}, ${meta} from generate_series(1, ${Math.ceil(responses / 5)}) n`,
    );
    await client.rows(
      `insert into retention_events (id, customer_id, type, occurred_at, source, recorded_at, changed_at, changed_xid)
       select 'E' || n, 'C' || n, case when n % 3 = 0 then 'churned' else 'started' end, ${at}, ${meta} from generate_series(1, ${Math.ceil(responses / 5)}) n`,
    );
  }, long);
  await db.write((client) => client.rows('analyze'), long);
}
