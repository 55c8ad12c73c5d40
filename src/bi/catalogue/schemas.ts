import { Type } from 'typebox';
import { closed, nullable, Timestamp } from '../../http/schemas.ts';

const roles = ['dimension', 'fact', 'kept', 'additive'] as const;
const types = ['text', 'instant', 'date', 'decimal', 'double', 'integer', 'boolean'] as const;

const CatalogueColumn = closed({
  name: Type.String({ description: 'The same in JSON, OData, files and, but for keys, SQL.' }),
  type: Type.Enum([...types], {
    description:
      'text; instant: a moment, `2026-03-01T09:30:00.000Z`; date: a day, `2026-03-01`; decimal: exact; double: a measured number; integer; boolean: `true` or `false`.',
  }),
  odata_type: Type.String(),
  sql_type: Type.String(),
  sql_name: nullable(
    Type.String({
      description:
        'Its name in the SQL view, where a key goes by the name that others refer to it by. Null: not there.',
    }),
  ),
  nullable: Type.Boolean(),
  personal: Type.Boolean({ description: 'Shown to readers with the scope `personal`, and in no SQL view.' }),
  description: Type.String(),
  refers_to: nullable(
    Type.String({ description: 'The dataset whose key it holds. Facts may name others: they arrive in any order.' }),
  ),
  most_values: nullable(
    Type.Integer({ description: 'Up to so many different values, questions grouped by it are answered from sums.' }),
  ),
  too_many_values: nullable(
    Type.Boolean({ description: 'Whether it has more, so that such questions read every response and take longer.' }),
  ),
});

const Relation = closed({
  column: Type.String(),
  dataset: Type.String({ description: 'The dataset that it refers to.' }),
  key: Type.String({ description: 'The key there.' }),
  sql: Type.String({ description: 'The same between the views.' }),
});

const path = (description: string) => nullable(Type.String({ description }));

export const CatalogueEntry = Type.Object(
  {
    name: Type.String(),
    one: Type.String({ description: 'The word for one row.' }),
    role: Type.Enum([...roles], {
      description:
        'dimension: what others refer to. fact: what happened, as it was sent. kept: worked out from the facts and kept fresh. additive: counts and sums; add them up, then divide.',
    }),
    description: Type.String(),
    key: Type.Array(Type.String(), { description: 'The columns that identify a row.' }),
    time: nullable(Type.String({ description: 'The column that says when it was.' })),
    columns: Type.Array(CatalogueColumn),
    relations: Type.Array(Relation),
    list: path('JSON, page by page.'),
    changes: path('What changed since, with what was removed; null for what follows from facts or the calendar alone.'),
    odata: Type.String({ description: 'The entity set.' }),
    csv: Type.String({ description: 'The whole as a file.' }),
    ndjson: Type.String({ description: 'The whole as a file, a JSON object a line.' }),
    parquet: Type.String({ description: 'The whole as a file.' }),
    sql_view: Type.String({ description: 'For the role that `npm run bi-reader` makes.' }),
    rows: Type.Integer({ description: 'How many rows the caller sees of it.' }),
    rows_exact: Type.Boolean({ description: 'False: an estimate of the database, since to count would take long.' }),
    changed_at: nullable(Type.Unsafe({ ...Timestamp, description: 'When a row last changed, came or went.' })),
    complete_through: nullable(
      Type.Unsafe({ ...Timestamp, description: 'Through when it is complete: as declared, else its latest event.' }),
    ),
    declared_through: nullable(Type.Unsafe({ ...Timestamp, description: 'What was declared by `complete-through`.' })),
    latest_at: nullable(Type.Unsafe({ ...Timestamp, description: 'The latest event, as of the last refresh.' })),
  },
  { $id: 'CatalogueEntry', additionalProperties: false, description: 'A dataset as readers find it.' },
);
