import type { Database } from '../../db/pool.ts';
import { notFound } from '../../errors.ts';
import { closed, Id, ref } from '../../http/schemas.ts';
import { type Reader, readerOf } from '../../http/scopes.ts';
import type { Server } from '../../http/server.ts';
import { readState } from '../../outcomes/collect.ts';
import { refreshBeforeAnswer } from '../../outcomes/refresh.ts';
import { windowOf } from '../../outcomes/windows.ts';
import { listEntries } from './entries.ts';
import { findHead } from './head.ts';
import { Journey, journeyQuery } from './schemas.ts';

/** `/v1/customers/{id}/journey`: one customer's whole story. */
export function addJourneyRoutes(app: Server, db: Database): void {
  app.get(
    '/v1/customers/:id/journey',
    {
      config: { scope: 'read', units: 'own' },
      schema: {
        operationId: 'getJourney',
        summary: "Read one customer's whole story",
        description:
          'Where the customer stands, and page by page what happened in the order of time: invitations, responses with what came of them, payments, referrals, the contract, what employees put right on the spot and each step of its follow-ups.',
        tags: ['Follow-ups'],
        params: closed({ id: Id }),
        querystring: journeyQuery,
        response: { 200: ref(Journey) },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { order = 'oldest', limit = 100 } = request.query;
      const start = app.paging.start(request);
      const after = start && { at: String(start[0]), place: String(start[1]) };
      const reader = readerOf(request);
      // What was just sent should be in it; it also makes the records of customers that facts mention.
      if (!start) await refreshBeforeAnswer(db);
      const { head, currency, window_days, entries, last } = await db.read(
        async (client) => {
          const { windows_days, currency } = await readState(client);
          const window_days = windowOf(windows_days, request.query.window_days);
          const head = await findHead(client, id, currency, reader);
          const page = await listEntries(client, id, { window_days, order, after, limit }, reader);
          return { head, currency, window_days, ...page };
        },
        { snapshot: true },
      );
      if (!head && entries.length === 0) throw notFound('customer', id);
      return {
        ...(head ?? withoutRecord(id, reader)),
        currency,
        window_days,
        page: app.paging.next(request, reply, last && [last.at, last.place]),
        data: entries,
      };
    },
  );
}

/**
 * Facts came in, and much more with them, so that the record is made a little later; or the customer is not looked after
 * by the units of the reader, and only came to them.
 */
const withoutRecord = (id: string, { units }: Reader) => ({
  customer: {
    id,
    segment: null,
    region: null,
    unit: null,
    acquired_at: null,
    acquisition: null,
  },
  standing: null,
  reads_as: units
    ? `Of the customer '${id}' you see what happened in your units alone: another one looks after it, or none.`
    : `The customer '${id}' is known by what happened to it alone; ask again shortly.`,
});
