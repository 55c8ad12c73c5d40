import { type Static, Type } from 'typebox';
import { unknownCurrency } from '../../currencies.ts';
import { writeAudit } from '../../db/audit.ts';
import type { Client, Database } from '../../db/pool.ts';
import { type FieldError, refuse } from '../../errors.ts';
import { ifMatch, ifNoneMatch, notModified, requireMatch, versioned } from '../../http/etag.ts';
import { Currency, ref, Timestamp } from '../../http/schemas.ts';
import { authorOf } from '../../http/scopes.ts';
import type { Server } from '../../http/server.ts';

const fields = {
  time_zone: Type.String({
    minLength: 1,
    maxLength: 64,
    description: 'IANA name. Months, days and dates without a time are read in it.',
  }),
  currency: Type.Unsafe<string>({ ...Currency, description: 'ISO 4217. Every sum of money is told in it.' }),
  windows_days: Type.Array(Type.Integer({ minimum: 1, maximum: 1825 }), {
    minItems: 1,
    maxItems: 6,
    uniqueItems: true,
    description: 'How many days after a response its outcome is looked at.',
  }),
};

const Settings = Type.Object(
  { ...fields, version: Type.Integer(), changed_at: Timestamp },
  { $id: 'Settings', additionalProperties: false, description: 'What holds for the whole organisation.' },
);
const SettingsChanges = Type.Partial(Type.Object(fields), { $id: 'SettingsChanges', additionalProperties: false });
type Row = Omit<Static<typeof Settings>, 'changed_at'> & { changed_at: Date };

const shown = ({ time_zone, currency, windows_days, version, changed_at }: Row): Static<typeof Settings> => ({
  time_zone,
  currency,
  windows_days,
  version,
  changed_at: changed_at.toISOString(),
});

async function readSettings(client: Client, lock = ''): Promise<Row> {
  const [row] = await client.rows<Row>(`select * from settings ${lock}`);
  if (!row) throw new Error('settings has no row; the migrations make it.');
  return row;
}

async function wrongSettings(
  client: Client,
  { time_zone, currency }: Static<typeof SettingsChanges>,
): Promise<FieldError[]> {
  const errors: FieldError[] = [];
  if (time_zone !== undefined) {
    const known = await client.rows('select from pg_timezone_names where name = $1', [time_zone]);
    if (known.length === 0)
      errors.push({
        pointer: '/time_zone',
        code: 'unknown_time_zone',
        detail: `'${time_zone}' is no IANA time zone, such as Europe/Berlin.`,
      });
  }
  return [...errors, ...unknownCurrency({ currency }, 'currency')];
}

/** What holds for the whole organisation. A change makes every outcome be worked out again. */
export function addSettingsRoutes(app: Server, db: Database): void {
  app.get(
    '/v1/settings',
    {
      config: { scope: 'read', units: 'everybody' },
      schema: {
        operationId: 'getSettings',
        summary: 'Read the settings',
        tags: ['Settings'],
        headers: ifNoneMatch,
        response: { 200: ref(Settings), ...notModified },
      },
    },
    async (request, reply) => versioned(request, reply, shown(await db.read((client) => readSettings(client)))),
  );
  app.patch(
    '/v1/settings',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'changeSettings',
        summary: 'Change the settings',
        description: 'Every outcome is worked out again with them; until that is done, answers hold the old ones.',
        tags: ['Settings'],
        headers: ifMatch,
        body: ref(SettingsChanges),
        response: { 200: ref(Settings) },
      },
    },
    async (request, reply) => {
      const changes = request.body;
      const changed = await db.write(async (client) => {
        const before = await readSettings(client, 'for update');
        requireMatch(request, before.version);
        refuse(await wrongSettings(client, changes));
        const after = { ...before, ...changes };
        after.windows_days = [...after.windows_days].sort((one, other) => one - other);
        const [row] = await client.rows<Row>(
          `update settings set time_zone = $1, currency = $2, windows_days = $3::int[], version = version + 1, changed_at = now()
           returning *`,
          [after.time_zone, after.currency, after.windows_days],
        );
        const author = authorOf(request);
        await writeAudit(client, author, [{ action: 'changed', noun: 'settings', key: 'settings', before, after }]);
        return row ?? before;
      });
      return versioned(request, reply, shown(changed));
    },
  );
}
