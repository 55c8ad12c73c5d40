import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Database } from '../db/pool.ts';
import { limitedReading } from '../db/unit-tree.ts';
import { ApiError, badRequest, invalid, notFound } from '../errors.ts';
import { closed, Id, Problem, ref } from '../http/schemas.ts';
import { authorOf, readerOf } from '../http/scopes.ts';
import type { Server } from '../http/server.ts';
import { json } from '../http/text-page.ts';
import { checkedByRoute, invalidBody } from '../http/validation.ts';
import { named } from '../managed/declare.ts';
import type { IngestOptions } from './batch.ts';
import { rowChecker } from './check-row.ts';
import type { CountRows } from './count-rows.ts';
import type { AnyRow, Dataset } from './declare.ts';
import { eraseCustomer } from './erase.ts';
import { ingestRows } from './ingest.ts';
import { findRow, holdVisible } from './list.ts';
import { titled, unitsOfSending } from './route-words.ts';
import { remove } from './store.ts';

/** What a removal takes, in words. */
const removal = ({ name, mayRemove }: Dataset): string =>
  name === 'customers'
    ? 'Removes its record, every fact and follow-up of it, its name where others referred it, and what employees recorded of it; answers follow within seconds, and change feeds tell the ids that are gone. Facts of it that are sent again later make it anew, so stop sending them first.'
    : `What follows from it is worked out again, and the change feed tells that it is gone.${mayRemove ? ' Refused with 409 while others refer to it.' : ''}`;

/** `GET`, `PUT` and `DELETE /v1/{dataset}/{key}`. */
export function addRow(app: Server, db: Database, dataset: Dataset, countRows: CountRows): void {
  const check = rowChecker(dataset);
  const title = titled(dataset);
  const name = named(dataset.one);
  const params = closed({ [dataset.key]: Id });
  const conflict = dataset.mayRemove ? { 409: ref(Problem) } : {};
  const path = `/v1/${dataset.path}/:${dataset.key}`;
  const keyOf = (request: FastifyRequest) => String((request.params as Record<string, string>)[dataset.key]);
  const send = async (request: FastifyRequest, reply: FastifyReply, key: string) => {
    const row = await db.read((client) => findRow(client, dataset, key, readerOf(request)));
    if (row === undefined) throw notFound(title, key);
    return reply.type(json).send(row);
  };

  app.get(
    path,
    {
      config: { scope: 'read', ...limitedReading(dataset.owner) },
      schema: {
        operationId: `get${name}`,
        summary: `Read one ${title}`,
        tags: [dataset.tag],
        params,
        response: { 200: ref(dataset.shown) },
      },
    },
    (request: FastifyRequest, reply: FastifyReply) => send(request, reply, keyOf(request)),
  );

  app.put(
    path,
    {
      config: { scope: 'ingest', ...unitsOfSending(dataset) },
      schema: {
        operationId: `put${name}`,
        summary: `Store one ${title}`,
        description: `The body is the whole row; its ${dataset.key} may be left out, since the path names it.`,
        tags: [dataset.tag],
        params,
        body: checkedByRoute(ref(dataset.placed)),
        response: { 200: ref(dataset.shown), 201: ref(dataset.shown), ...conflict },
      },
    },
    async (request: FastifyRequest, reply: FastifyReply) => {
      const key = keyOf(request);
      const value = withKey(request.body, dataset, key, check);
      const options: IngestOptions = {
        on_error: 'abort',
        author: authorOf(request),
        units: request.caller.units,
        check,
      };
      const ingest = ingestRows(db, dataset, [{ row: 1, value, bytes: 0 }], options);
      const report = await countRows(dataset, ingest).catch((error) => {
        if (!(error instanceof ApiError && error.code === 'rows_refused')) throw error;
        throw invalidBody(error.errors.map(({ pointer, code, detail }) => ({ pointer, code, detail })));
      });
      reply.code(report.created > 0 ? 201 : 200);
      const row = await db.read((client) =>
        findRow(client, dataset, key, { personal: true, units: request.caller.units }),
      );
      if (row === undefined) throw notFound(title, key);
      return reply.type(json).send(row);
    },
  );

  app.delete(
    path,
    {
      // Erasing takes what all units know of a customer, so no key does it that is limited to some.
      config: dataset.name === 'customers' ? { scope: 'manage' } : { scope: 'ingest', ...unitsOfSending(dataset) },
      schema: {
        operationId: dataset.name === 'customers' ? 'eraseCustomer' : `remove${name}`,
        summary: dataset.name === 'customers' ? 'Erase a customer with all its facts' : `Remove one ${title}`,
        description: removal(dataset),
        tags: [dataset.tag],
        params,
        response: { 204: Type.Null({ description: 'It is gone.' }), ...conflict },
      },
    },
    async (request: FastifyRequest, reply: FastifyReply) => {
      const key = keyOf(request);
      const { units } = request.caller;
      const gone = await db.write(async (client) => {
        if (units && !(await holdVisible(client, dataset, key, units))) return false;
        if (dataset.name === 'customers') return (await eraseCustomer(client, key, authorOf(request))) > 0;
        return remove(client, dataset, key, authorOf(request));
      });
      if (!gone) throw notFound(title, key);
      return reply.code(204).send();
    },
  );
}

/**
 * The body with the key of the path. A derived key is worked out from the rest and must come out as in the path.
 * @throws ApiError 422 where the body says another key. What else is wrong with it is told when it is stored.
 */
function withKey(body: unknown, dataset: Dataset, key: string, check: IngestOptions['check']): unknown {
  if (body === undefined) throw badRequest('empty_body', 'The body is empty. Send JSON.');
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const whole: AnyRow = { ...body };
  const derived = dataset.columns[dataset.key]?.derived === true;
  if (derived && check(body) === null) dataset.complete(whole, undefined);
  const own = whole[dataset.key] ?? key;
  if (typeof own !== 'string') return body;
  if (own !== key)
    throw invalid(`The path says '${key}', the body '${own}'.`, [
      {
        pointer: `/${dataset.key}`,
        code: 'other_key',
        detail: `Send it to the path that ends in '${own}', or mend the body.`,
      },
    ]);
  return derived ? body : { ...body, [dataset.key]: key };
}
