import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { getManaged, insertManaged, updateManaged } from '../db/managed.ts';
import type { Client, Database } from '../db/pool.ts';
import { limitedReading } from '../db/unit-tree.ts';
import { uuid7 } from '../db/uuid7.ts';
import { conflict } from '../errors.ts';
import { addChanges } from '../feed/change-route.ts';
import { ifMatch, ifNoneMatch, notModified, requireMatch, tagged, versioned } from '../http/etag.ts';
import { closed, Id, Problem, ref } from '../http/schemas.ts';
import { authorOf } from '../http/scopes.ts';
import type { Server } from '../http/server.ts';
import {
  type AnyRow,
  type GivenOf,
  limitedWriting,
  type ManagedNoun,
  named,
  type RowOf,
  type ShownOf,
  unsent,
  withMoments,
} from './declare.ts';
import { feedOf } from './feed.ts';
import { addListPath } from './list-path.ts';
import { once, onceHeaders } from './once.ts';
import { requireOwn, requireOwnUnit } from './own-units.ts';

/** What there is to do about a noun beside storing it. */
export interface Deeds<N> {
  /**
   * The rules that a schema cannot say, before a row is made or changed.
   * @param row as it will be: what was sent, on top of what was there
   * @param before as it was; undefined when it is new
   * @param sent what this request says
   * @returns the columns that the service sets itself, if any
   * @throws ApiError 409 or 422
   */
  complete?: (
    client: Client,
    row: GivenOf<N>,
    before: RowOf<N> | undefined,
    sent: Partial<GivenOf<N>>,
  ) => object | undefined | Promise<object | undefined>;
  /** What follows from a row that was made, changed or archived, in the same transaction. */
  afterwards?: (client: Client, row: RowOf<N>, before: RowOf<N> | undefined, request: FastifyRequest) => Promise<void>;
  /**
   * Rows as they are shown. Where it adds what changes without the version, nobody is told that what they have is still
   * good.
   */
  show?: (client: Client, rows: RowOf<N>[]) => Promise<ShownOf<N>[]>;
  /** What the documentation says of an operation beside the usual. */
  about?: Partial<Record<'create' | 'change' | 'archive', string>>;
}

/**
 * The routes of a managed noun: POST makes one (with `Idempotency-Key`, 409 where the key is taken), GET lists and
 * reads, PATCH changes one by merge-patch, DELETE archives it; the last two ask for `If-Match`. Each change is one
 * transaction with its entry in the audit log. Beside them its change feed.
 */
export function addNounPaths<D>(
  app: Server,
  db: Database,
  declared: ManagedNoun<D>,
  given: Deeds<ManagedNoun<D>> = {},
): void {
  // The deeds are typed by the declaration's own fields; from here on every noun is handled alike, and a row has passed
  // the schemas made of the same fields before a deed sees it.
  const noun: ManagedNoun = declared as ManagedNoun;
  const {
    complete,
    afterwards,
    show,
    about = {},
  } = given as unknown as {
    complete?: (
      client: Client,
      row: object,
      before: AnyRow | undefined,
      sent: object,
    ) => object | undefined | Promise<object | undefined>;
    afterwards?: (client: Client, row: AnyRow, before: AnyRow | undefined, request: FastifyRequest) => Promise<void>;
    show?: (client: Client, rows: AnyRow[]) => Promise<AnyRow[]>;
    about?: Record<string, string>;
  };
  const [one] = noun.called;
  const columns = noun.stored;
  const tags = [noun.tag];
  const component = named(noun.one);
  const path = `/v1/${noun.path}`;
  const at = `${path}/:${noun.key}`;
  const params = closed({ [noun.key]: columns[noun.key] ?? Id });
  const reads = { scope: 'read', ...limitedReading(noun.owner) } as const;
  const manages = { scope: 'manage', ...limitedWriting(noun) } as const;
  const keyIn = (request: FastifyRequest) => String((request.params as Record<string, string>)[noun.key]);
  const showOne = async (client: Client, row: AnyRow) => (show ? ((await show(client, [row]))[0] ?? row) : row);
  const answer = (request: FastifyRequest, reply: FastifyReply, row: AnyRow) =>
    show ? tagged(reply, row) : versioned(request, reply, row);

  /** Reads a row that is to change, and makes sure that the caller has seen it as it is. */
  const seen = async (client: Client, request: FastifyRequest) => {
    const before = await getManaged<AnyRow>(client, noun, keyIn(request), true, request.caller.units);
    await requireOwn(client, noun, before, request);
    requireMatch(request, before.version);
    return before;
  };

  app.post(
    path,
    {
      config: manages,
      schema: {
        operationId: `create${component}`,
        summary: `Make ${one}`,
        ...(about.create && { description: about.create }),
        tags,
        headers: onceHeaders,
        body: ref(noun.sent),
        response: { 201: ref(noun.shown), 409: ref(Problem) },
      },
    },
    async (request, reply) => {
      const made = await once(db, request, reply, async (client) => {
        const sent = withMoments(noun, request.body as object);
        const nothing = Object.fromEntries(
          Object.entries(noun.optional ?? {}).map(([name, schema]) => [name, unsent(schema)]),
        );
        const id = noun.key === 'id' ? { id: uuid7() } : {};
        const row = { ...id, ...nothing, ...sent };
        const whole = { ...row, ...(await complete?.(client, row, undefined, sent)) } as Parameters<
          typeof insertManaged
        >[2];
        await requireOwnUnit(client, whole, request);
        const stored = await insertManaged<AnyRow>(client, noun, whole, authorOf(request));
        await afterwards?.(client, stored, undefined, request);
        const body = await showOne(client, stored);
        const location = `${path}/${encodeURIComponent(String(stored[noun.key]))}`;
        return { status: 201, headers: { location }, body };
      });
      return answer(request, reply, made);
    },
  );

  addListPath(app, db, noun, show);

  app.get(
    at,
    {
      config: reads,
      schema: {
        operationId: `get${component}`,
        summary: `Read ${one}`,
        tags,
        params,
        ...(!show && { headers: ifNoneMatch }),
        response: { 200: ref(noun.shown), ...(!show && notModified) },
      },
    },
    async (request, reply) => {
      const found = await db.read(async (client) =>
        showOne(client, await getManaged<AnyRow>(client, noun, keyIn(request), false, request.caller.units)),
      );
      return answer(request, reply, found);
    },
  );

  app.patch(
    at,
    {
      config: manages,
      schema: {
        operationId: `change${component}`,
        summary: `Change ${one}`,
        ...(about.change && { description: about.change }),
        tags,
        params,
        headers: ifMatch,
        body: ref(noun.changes),
        response: { 200: ref(noun.shown), 409: ref(Problem) },
      },
    },
    async (request, reply) => {
      const changed = await db.write(async (client) => {
        const before = await seen(client, request);
        if (before.archived_at !== null)
          throw conflict(
            'archived',
            `The ${noun.one.replaceAll('_', ' ')} '${keyIn(request)}' is archived and stays as it was.`,
          );
        const sent = withMoments(noun, request.body as object);
        const worked = await complete?.(client, { ...before, ...sent }, before, sent);
        const changes = { ...sent, ...worked } as Parameters<typeof updateManaged>[3];
        await requireOwnUnit(client, { ...before, ...changes }, request);
        const after = await updateManaged<AnyRow>(client, noun, before, changes, authorOf(request));
        if (after !== before) await afterwards?.(client, after, before, request);
        return showOne(client, after);
      });
      return answer(request, reply, changed);
    },
  );

  app.delete(
    at,
    {
      config: manages,
      schema: {
        operationId: `archive${component}`,
        summary: `Archive ${one}`,
        description:
          about.archive ??
          'It leaves the lists. It can still be read, and one that is archived already stays as it is.',
        tags,
        params,
        headers: ifMatch,
        response: { 204: Type.Null({ description: 'It is archived.' }) },
      },
    },
    async (request, reply) => {
      await db.write(async (client) => {
        const before = await seen(client, request);
        if (before.archived_at !== null) return;
        const after = await updateManaged<AnyRow>(
          client,
          noun,
          before,
          { archived_at: new Date() },
          authorOf(request),
          'archived',
        );
        await afterwards?.(client, after, before, request);
      });
      return reply.code(204).send(null);
    },
  );

  addChanges(app, db, feedOf(noun));
}
