import { type Static, Type } from 'typebox';
import { readPeriod } from '../../db/period.ts';
import type { Client, Database, Param } from '../../db/pool.ts';
import { readTimeZone } from '../../db/settings.ts';
import { Cursor, closed, Limit, nullable, pageOf, Timestamp } from '../../http/schemas.ts';
import type { Server } from '../../http/server.ts';

const changed = Type.Unsafe<Record<string, unknown> | null>({ type: ['object', 'null'], additionalProperties: true });

const AuditEntry = Type.Object(
  {
    id: Type.Integer(),
    at: Timestamp,
    actor: Type.String({ description: 'The name of the API key.' }),
    request_id: nullable(Type.String()),
    action: Type.String({ description: '`created`, `changed`, `archived`, `corrected`, `removed`, `erased` ...' }),
    noun: Type.String({ description: 'What was changed: `problem`, `response`, `settings` ...' }),
    key: Type.String({ description: 'Its id or key.' }),
    before: Type.Unsafe({ ...changed, description: 'What differs, as it was.' }),
    after: Type.Unsafe({ ...changed, description: 'What differs, as it is.' }),
  },
  { $id: 'AuditEntry', additionalProperties: false, description: 'Who changed what, when, and in which request.' },
);

const text = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 200, description }));
const when = (description: string) =>
  Type.Optional(Type.Unsafe<string>({ type: 'string', format: 'date-or-time', description }));

const query = closed({
  noun: text('Only changes of this kind of thing.'),
  key: text('Only changes of the thing with this id or key.'),
  actor: text('Only changes by this API key.'),
  action: text('Only changes of this kind.'),
  from: when('At or after this.'),
  to: when('Before this.'),
  limit: Type.Optional(Limit),
  cursor: Type.Optional(Cursor),
});

async function listAudit(
  client: Client,
  { noun, key, actor, action, from, to, limit = 100 }: Static<typeof query>,
  before: number | undefined,
) {
  const params: Param[] = [];
  const param = (value: Param) => `$${params.push(value)}`;
  const conditions = ['true'];
  for (const [name, value] of Object.entries({ noun, key, actor, action }))
    if (value !== undefined) conditions.push(`${name} = ${param(value)}`);
  if (from !== undefined || to !== undefined) {
    const bounds = await readPeriod(client, await readTimeZone(client), { from, to });
    if (bounds.from) conditions.push(`at >= ${param(bounds.from.at)}::timestamptz`);
    if (bounds.to) conditions.push(`at < ${param(bounds.to.at)}::timestamptz`);
  }
  if (before !== undefined) conditions.push(`id < ${param(before)}`);
  const rows = await client.rows<Omit<Static<typeof AuditEntry>, 'at'> & { at: Date }>(
    `select id, at, actor, request_id, action, noun, key, before, after from audit_log
     where ${conditions.join(' and ')} order by id desc limit ${param(limit + 1)}`,
    params,
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}

/** `/v1/audit`: reading only. Nobody changes or removes an entry through the API. */
export function addAuditRoutes(app: Server, db: Database): void {
  app.get(
    '/v1/audit',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'listAudit',
        summary: 'Who changed what',
        description:
          'The newest first. An entry is written in the transaction of the change, and nothing changes or removes it afterwards.',
        tags: ['Settings'],
        querystring: query,
        response: { 200: pageOf(AuditEntry) },
      },
    },
    async (request, reply) => {
      const { limit = 100 } = request.query;
      const [last] = app.paging.start(request) ?? [];
      const rows = await db.read((client) =>
        listAudit(client, request.query, last === undefined ? undefined : Number(last)),
      );
      const shown = rows.slice(0, limit);
      const end = rows.length > limit ? shown.at(-1) : undefined;
      return { page: app.paging.next(request, reply, end && [end.id]), data: shown };
    },
  );
}
