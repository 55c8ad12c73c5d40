import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nouns } from '../../src/bi/noun-sets.ts';
import { biSets } from '../../src/bi/sets.ts';
import { openapiOf } from '../../src/http/openapi.ts';
import { Decimal } from '../../src/http/schemas.ts';
import { type Api, testApi } from '../support/api.ts';

/** What one interface says of a column. */
interface Told {
  name: string;
  type: string;
  nullable: boolean;
  description: string;
}

interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  pattern?: string;
  enum?: unknown[];
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  description?: string;
}

interface Document {
  paths: Record<string, { get: { responses: { 200: { content: Record<string, { schema: Schema }> } } } }>;
  components: { schemas: Record<string, Schema> };
}

/** The sets in `$metadata`: types without what is said of their precision. */
function inMetadata(text: string): Map<string, { description: string; key: string[]; columns: Told[] }> {
  const plain = (xml: string) =>
    xml
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&apos;', "'")
      .replaceAll('&amp;', '&');
  const sets = text.matchAll(/<EntitySet Name="(\w+)" EntityType="milemarker\.(\w+)">.*?String="([^"]*)"/g);
  return new Map(
    [...sets].map(([, name = '', type = '', description = '']) => {
      const [, body = ''] = new RegExp(`<EntityType Name="${type}">(.*?)</EntityType>`).exec(text) ?? [];
      const properties = body.matchAll(
        /<Property Name="(\w+)" Type="([\w.]+)"[^>]* Nullable="(\w+)"><Annotation [^>]*String="([^"]*)"/g,
      );
      return [
        name,
        {
          description: plain(description),
          key: [...body.matchAll(/<PropertyRef Name="(\w+)"/g)].map(([, one = '']) => one),
          columns: [...properties].map(([, column = '', edm = '', nullable = '', told = '']) => ({
            name: column,
            type: edm,
            nullable: nullable === 'true',
            description: plain(told),
          })),
        },
      ];
    }),
  );
}

/** The columns of the SQL views with their comments; a view says of no column that it is never null. */
async function inSql(api: Api) {
  const found = await api.db.read((client) =>
    client.rows<{ view: string; comment: string; name: string; type: string; description: string }>(
      `select 'bi.' || c.relname as view, obj_description(c.oid) as comment, a.attname::text as name,
         format_type(a.atttypid, a.atttypmod) as type, col_description(c.oid, a.attnum) as description
       from pg_class c join pg_attribute a on a.attrelid = c.oid where c.relnamespace = 'bi'::regnamespace
       order by c.relname, a.attnum`,
    ),
  );
  const views = new Map<string, typeof found>();
  for (const one of found) views.set(one.view, [...(views.get(one.view) ?? []), one]);
  return views;
}

const typesOf = ({ type }: Schema) => [type ?? []].flat();

/** The type of a field of JSON in the catalogue's words; a list and a map are text where all is flat. */
function typeInJson(schema: Schema): string {
  const types = typesOf(schema);
  if (schema.format === 'date-time') return 'instant';
  if (schema.format === 'date') return 'date';
  if (schema.pattern === (Decimal as Schema).pattern) return 'decimal';
  if (types.includes('number')) return 'double';
  if (types.includes('integer')) return 'integer';
  return types.includes('boolean') ? 'boolean' : 'text';
}

const nullableInJson = (schema: Schema): boolean =>
  typesOf(schema).includes('null') || (schema.enum ?? []).includes(null) || (schema.anyOf ?? []).some(nullableInJson);

/** What the call list shows of the customer and the latest response, so that nobody has to look it up. */
const besideFollowUps = [
  'customer_name',
  'customer_email',
  'trailing_revenue',
  'latest_response_id',
  'latest_score',
  'latest_band',
  'latest_comment',
  'overdue',
];

test('JSON, OData, SQL, CSV and the catalogue agree on names, types and descriptions', async (t) => {
  const api = await testApi(t);
  const { body: catalogue } = await api.get('/v1/datasets');
  const odata = inMetadata((await api.get('/odata/v1/$metadata')).text);
  const sql = await inSql(api);
  const document = openapiOf(api.app) as unknown as Document;
  const resolved = (schema: Schema): Schema =>
    schema.$ref === undefined ? schema : (document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {});
  assert.equal(catalogue.data.length, biSets.length);
  assert.equal(odata.size, biSets.length);
  assert.equal(sql.size, biSets.length);

  let lists = 0;
  const undescribed: string[] = [];
  for (const entry of catalogue.data) {
    const { name, key, columns } = entry;
    const told = (type: 'type' | 'odata_type' | 'sql_type', all = columns): Told[] =>
      all.map((one: Told & Record<typeof type, string>) => ({
        name: one.name,
        type: one[type],
        nullable: one.nullable,
        description: one.description,
      }));
    for (const one of columns) if (one.description.length < 5) undescribed.push(`${name}.${one.name}`);

    assert.deepEqual(odata.get(name), { description: entry.description, key, columns: told('odata_type') }, name);

    const shown = columns.filter((one: { personal: boolean }) => !one.personal);
    const view = sql.get(entry.sql_view) ?? [];
    assert.deepEqual(
      view.map((one) => [one.name, one.type, one.description, one.comment]),
      shown.map((one: Record<string, string>) => [one.sql_name, one.sql_type, one.description, entry.description]),
      name,
    );
    for (const one of shown)
      assert.ok(one.sql_name === one.name || (key.length === 1 && key[0] === one.name), `${name}.${one.name}`);

    if (entry.list !== null) {
      lists++;
      const page = resolved(
        Object.values(document.paths[entry.list]?.get.responses[200].content ?? {})[0]?.schema ?? {},
      );
      const row = resolved(page.properties?.data?.items ?? {});
      const noun = nouns.find(({ table }) => table === name);
      // What is shown beside a row and not kept with it is in no set; the day of a moment is in no list.
      const beside = name === 'follow_ups' ? besideFollowUps : Object.keys(noun?.computed ?? {});
      const fields = Object.entries(row.properties ?? {}).filter(([field]) => !beside.includes(field));
      assert.deepEqual(
        fields.map(([field, schema]) => ({
          name: field,
          type: typeInJson(schema),
          nullable: nullableInJson(schema),
          description: schema.description,
        })),
        told(
          'type',
          columns.filter(({ description }: Told) => !/^The day of \w+_at /.test(description)),
        ),
        name,
      );
    }

    const file = await api.get(entry.csv);
    const [header] = file.text.split('\n');
    assert.equal(header?.trim(), columns.map((one: Told) => one.name).join(','), name);
  }
  assert.deepEqual(undescribed, []);
  assert.ok(lists >= 11, 'lists were compared');
});
