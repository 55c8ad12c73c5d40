/** Small worlds of facts for the tests of the outcomes: rows that are valid by default, and what comes out of them. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Database } from '../../src/db/pool.ts';
import { refresh } from '../../src/outcomes/refresh.ts';
import { verify } from '../../src/outcomes/verify.ts';
import { type Api, type Reply, testApi } from './api.ts';

export type Row = Record<string, unknown>;

const dayMs = 86_400_000;

/** The moment so many days of 24 hours, and milliseconds, after 2022 began in UTC. */
export const at = (days: number, ms = 0) => new Date(Date.UTC(2022, 0, 1) + days * dayMs + ms).toISOString();

let made = 0;
const newId = () => `n${++made}`;

/** A promoter of customer A to the survey `nps`, on day 100. */
export const response = (row: Row = {}): Row => ({
  id: newId(),
  customer_id: 'A',
  survey: 'nps',
  score: 10,
  answered_at: at(100),
  ...row,
});
/** 10 EUR paid by customer A on day 110. */
export const payment = (row: Row = {}): Row => ({
  id: newId(),
  customer_id: 'A',
  type: 'one_time',
  amount: '10.00',
  currency: 'EUR',
  occurred_at: at(110),
  ...row,
});
/** A referral by customer A on day 110. */
export const referral = (row: Row = {}): Row => ({ id: newId(), referrer_id: 'A', made_at: at(110), ...row });
/** A renewal by customer A on day 110. */
export const retention = (row: Row = {}): Row => ({
  id: newId(),
  customer_id: 'A',
  type: 'renewed',
  occurred_at: at(110),
  ...row,
});
export const customer = (row: Row = {}): Row => ({ id: 'A', ...row });
export const survey = (row: Row = {}): Row => ({ key: 'nps', name: 'Would you recommend us?', kind: 'nps', ...row });
export const rate = (row: Row = {}): Row => ({
  from_currency: 'USD',
  to_currency: 'EUR',
  valid_on: '2022-04-01',
  rate: '0.9',
  ...row,
});

/** Fails unless the stored outcomes and cells are what the raw facts say; brings them up to date first. */
export async function assertVerified(db: Database): Promise<void> {
  const results = await verify(db);
  assert.deepEqual(
    results.filter(({ differences }) => differences > 0),
    [],
    'what is stored is not what the facts say',
  );
}

const columnsOf = {
  revenue: ['revenue_state', 'revenue_after', 'revenue_before', 'orders_after'],
  referrals: ['referrals_state', 'referrals_after', 'conversions_after'],
  retention: ['retention_state', 'retention_basis', 'retained'],
  curve: ['curve_state', 'churned_after_days'],
  dimensions: ['unit', 'segment', 'region', 'moment', 'channel'],
  place: ['respondent', 'band', 'answered_on', 'month'],
} as const;

export type FactPath = 'responses' | 'revenue-events' | 'referrals' | 'retention-events' | 'invitations';

/** The service with the survey `nps`, and what its outcomes are. */
export interface World extends Pick<Api, 'db' | 'facts' | 'send'> {
  /** Declares facts complete through a moment; every dataset that outcomes come from unless one is named. */
  complete(through: string | null, path?: FactPath): Promise<void>;
  settings(changes: Row): Promise<void>;
  remove(path: string): Promise<void>;
  /** What `response_outcomes` says after a verified refresh, by response; numbers for amounts. */
  outcomes(kind: keyof typeof columnsOf, window_days?: number): Promise<Record<string, unknown[]>>;
  /** The answer of `GET /v1/outcomes/...` (or another path), small groups shown. */
  ask(path: string, query?: Record<string, string | number>): Promise<Reply['body']>;
  /** The rows of that answer cut down to some columns. */
  figures(path: string, columns: string[], query?: Record<string, string | number>): Promise<unknown[][]>;
  /** Why responses were left out of that answer. */
  leftOut(path: string, query?: Record<string, string | number>): Promise<Record<string, number>>;
}

/** Takes everything out of a database and makes the settings what they are at first. */
export async function empty(db: Database): Promise<void> {
  await db.write(async (client) => {
    const tables = await client.rows<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public' and tablename <> all($1::text[])`,
      [kept],
    );
    for (const { name } of tables) await client.rows(`delete from ${name}`);
    await client.rows(
      `update settings set time_zone = default, currency = default, windows_days = default, version = default`,
    );
    await client.rows(
      `update refresh_state set snapshot = null, own_xid = null, revenue_through = null, referrals_through = null,
         retention_through = null, definition_version = 0, dropped_cuboids = '{}', refreshed_at = null`,
    );
  });
  // The first refresh works everything out; of an empty database, so that the tests see the ones after it.
  await refresh(db);
}

/** Tables whose rows are the service's own. */
const kept = ['settings', 'refresh_state', 'installation', 'api_keys', 'behaviours'];
/**
 * Tests that share a service, which takes longer to start than each of them: before each the world is empty, but for the
 * survey `nps`.
 */
export function worlds(name: string, tests: Record<string, (world: World) => Promise<void>>): void {
  test(name, async (t) => {
    const world = await newWorld(t);
    for (const [title, run] of Object.entries(tests))
      await t.test(title, async () => {
        await empty(world.db);
        await world.facts('surveys', [survey()]);
        await run(world);
      });
  });
}

async function newWorld(t: TestContext): Promise<World> {
  const { db, facts, send } = await testApi(t);

  const mustDo = async (...request: Parameters<Api['send']>) => {
    const reply = await send(...request);
    assert.ok(reply.status < 300, `${request[0]} ${request[1]}: ${reply.status} ${reply.text}`);
    return reply.body;
  };
  const ask: World['ask'] = async (path, query = {}) => {
    const parameters = new URLSearchParams({ min_n: '1' });
    for (const [name, value] of Object.entries(query)) parameters.set(name, String(value));
    if (!parameters.has('window_days') && path.startsWith('outcomes/')) parameters.set('window_days', '90');
    const answer = await mustDo('GET', `/v1/${path}?${parameters}`);
    assert.equal(answer.fresh.pending, 0);
    return answer;
  };
  return {
    db,
    facts,
    send,
    ask,
    async complete(through, path) {
      for (const one of path ? [path] : ['revenue-events', 'referrals', 'retention-events'])
        await mustDo('PUT', `/v1/datasets/${one}/complete-through`, { complete_through: through });
    },
    settings: (changes) => mustDo('PATCH', '/v1/settings', changes, { 'if-match': '*' }),
    remove: (path) => mustDo('DELETE', `/v1/${path}`),
    async outcomes(kind, window_days = 90) {
      await assertVerified(db);
      const columns = columnsOf[kind];
      const rows = await db.read((client) =>
        client.rows<Row>('select * from response_outcomes where window_days = $1 order by response_id', [window_days]),
      );
      return Object.fromEntries(
        rows.map((row) => [row.response_id, columns.map((column) => shown(column, row[column]))]),
      );
    },
    async figures(path, columns, query) {
      const { data } = await ask(path, query);
      return data.map((row: Row) => columns.map((column) => row[column]));
    },
    async leftOut(path, query) {
      const { left_out } = await ask(path, query);
      return Object.fromEntries(
        left_out.map(({ reason, responses }: { reason: string; responses: number }) => [reason, responses]),
      );
    },
  };
}

/** Amounts come as text with as many zeros as the sums happened to have. */
const shown = (column: string, value: unknown) =>
  column.startsWith('revenue_') && !column.endsWith('state') && value !== null ? Number(value) : value;
