import { stringify } from 'csv-stringify/sync';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { withUnitWarning } from '../../analytics/within-units.ts';
import type { Database } from '../../db/pool.ts';
import { CalendarDate, closed, Key, ref } from '../../http/schemas.ts';
import { readerOf } from '../../http/scopes.ts';
import type { Server } from '../../http/server.ts';
import { addNounPaths } from '../../managed/paths.ts';
import { mostPeriods } from '../series.ts';
import { mileMarkers } from './mile-marker.ts';
import { completeMileMarker } from './rules.ts';
import { answerSeries, Series, SeriesRow } from './series-answer.ts';

const day = (description: string) => Type.Optional(Type.String({ ...CalendarDate, description }));

const seriesQuery = {
  unit: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 128,
      description: 'Only this unit and everything below it; else the one that the mile marker is about.',
    }),
  ),
  from: day('The period that holds this day, and those after it.'),
  to: day('Only periods that begin before this day.'),
  periods: Type.Optional(
    Type.Integer({ minimum: 1, maximum: mostPeriods, description: 'How many periods, where `from` is not given.' }),
  ),
  format: Type.Optional(
    Type.Enum(['json', 'csv'], {
      description: '`csv`: the rows of `data` alone. `Accept: text/csv` asks for the same.',
    }),
  ),
};

/** `/v1/mile-markers`, and what each of them was over time. */
export function addMileMarkerRoutes(app: Server, db: Database): void {
  addNounPaths(app, db, mileMarkers, {
    complete: completeMileMarker,
    about: {
      create:
        'With the source `readings` send what it was to /v1/readings; with `computed` name a metric and what it is narrowed to.',
      archive: 'It leaves the lists and takes no more readings. What it was can still be read.',
    },
  });

  app.get(
    '/v1/mile-markers/:key/series',
    {
      config: { scope: 'read', units: 'own' },
      schema: {
        operationId: 'getMileMarkerSeries',
        summary: 'What a mile marker was, period by period',
        description:
          'By its cadence, in the reporting time zone, up to the period that runs now. Unless `from` is given, so many periods that the same one a year ago is among them.',
        tags: ['Mile markers'],
        params: closed({ key: Key }),
        querystring: closed(seriesQuery),
        response: {
          200: {
            content: {
              'application/json': { schema: ref(Series) },
              'text/csv': { schema: Type.String() },
            },
          },
        },
      },
    },
    async (request: FastifyRequest, reply: FastifyReply) => {
      // The route has checked both by the schemas above.
      const { key } = request.params as { key: string };
      const {
        unit = null,
        from = null,
        to = null,
        periods,
        format,
      } = request.query as { unit?: string; from?: string; to?: string; periods?: number; format?: string };
      const { personal, units } = readerOf(request);
      const asked = { unit, from, to, now: new Date(), personal };
      const told = await answerSeries(db, key, periods === undefined ? asked : { ...asked, periods }, units);
      const answer = await withUnitWarning(db, told, unit);
      const wantsCsv = format === undefined && (request.headers.accept ?? '').startsWith('text/csv');
      if (format !== 'csv' && !wantsCsv)
        return reply.type('application/json; charset=utf-8').send(JSON.stringify(answer));
      const csv = stringify(answer.data, {
        header: true,
        columns: Object.keys(SeriesRow.properties),
        record_delimiter: '\r\n',
      });
      return reply.type('text/csv; charset=utf-8').send(csv);
    },
  );
}
