import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnyRow } from '../../src/datasets/declare.ts';
import { type Api, type Reply, testApi } from '../support/api.ts';
import { tableCounts, withSurvey } from './samples.ts';

const response = (more: AnyRow = {}) => ({
  id: 'r1',
  customer_id: 'c1',
  survey: 'nps',
  score: 9,
  answered_at: '2026-01-02T03:04:05Z',
  ...more,
});
const text = JSON.stringify(response());
const good = JSON.stringify(response({ id: 'good' }));
const deep = (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;
const json = { 'content-type': 'application/json' };
const ndjson = { 'content-type': 'application/x-ndjson' };
const csv = { 'content-type': 'text/csv' };
const head = 'id,customer_id,survey,score,answered_at,comment\n';

interface Expected {
  status: number;
  code: string;
  /** What the detail says: what is wrong and what to do about it. */
  says: RegExp;
  /** Row, pointer and code of each error. */
  errors?: [row: number | undefined, pointer: string, code: string][];
}

const row = (pointer: string, code: string, says: RegExp, at = 1): Expected => ({
  status: 422,
  code: 'rows_refused',
  says,
  errors: [[at, pointer, code]],
});
const syntax = (code: string, says: RegExp): Expected => ({ status: 400, code, says, errors: [] });

/** A body of rows, as it is sent, and what is answered. Where it holds a good row, that is not stored either. */
const bodies: [what: string, headers: Record<string, string>, body: string | Buffer, expected: Expected][] = [
  [
    'an unknown field',
    json,
    `[${good},${JSON.stringify(response({ scor: 9 }))}]`,
    row('/scor', 'unknown_field', /^Row 2 \(scor\): .*Did you mean 'score'\?/, 2),
  ],
  [
    'a wrong type',
    json,
    `[${good},${JSON.stringify(response({ score: '9' }))}]`,
    row('/score', 'wrong_type', /Must be a number; it is a text/, 2),
  ],
  [
    'null for what is required',
    json,
    `[${good},${JSON.stringify(response({ score: null }))}]`,
    row('/score', 'wrong_type', /Must be a number; it is null/, 2),
  ],
  [
    'nothing for what is required',
    json,
    `[${good},{"id":"r1","survey":"nps","score":9}]`,
    row('/answered_at', 'required', /'answered_at' is missing/, 2),
  ],
  [
    'a score off the scale',
    json,
    `[${good},${JSON.stringify(response({ score: 11 }))}]`,
    row('/score', 'off_scale', /scale of 'nps' runs from 0 to 10/, 2),
  ],
  [
    'an unknown survey',
    json,
    `[${good},${JSON.stringify(response({ survey: 'npx' }))}]`,
    row('/survey', 'unknown_survey', /no survey 'npx'.*PUT \/v1\/surveys\/npx/, 2),
  ],
  [
    'NaN',
    json,
    text.replace('9', 'NaN'),
    syntax('not_json', /NaN is no JSON value \(use null.* at line 1, column \d+/),
  ],
  [
    '1e400',
    json,
    `[${good},${text.replace(':9,', ':1e400,')}]`,
    row('/score', 'wrong_type', /too large for a number/, 2),
  ],
  ['U+0000', json, text.replace('r1', 'r\\u0000'), syntax('unstorable_text', /U\+0000.*cannot be stored/)],
  [
    'a lone surrogate',
    json,
    text.replace('r1', 'r\\ud83d'),
    syntax('unstorable_text', /surrogate pair.*cannot be stored/),
  ],
  ['33 levels', json, deep(33), syntax('too_deep', /more than 32 levels/)],
  [
    '32 levels where a text is meant',
    json,
    text.replace('"r1"', deep(31)),
    row('/id', 'wrong_type', /Must be an id.*; it is an object/),
  ],
  ['__proto__', json, '{"__proto__":{"id":"x"}}', syntax('forbidden_name', /__proto__/)],
  [
    'JSON in Latin-1',
    json,
    Buffer.from(JSON.stringify(response({ comment: 'schön' })), 'latin1'),
    syntax('not_utf8', /Send JSON in UTF-8/),
  ],
  ['a list in a list', json, `[[${text}]]`, row('', 'wrong_type', /Must be an object; it is a list/)],
  ['a text', json, '"nps"', row('', 'wrong_type', /Must be an object; it is a text/)],
  ['null', json, 'null', row('', 'wrong_type', /Must be an object; it is null/)],
  ['JSON that ends too early', json, `[${good},{"id":`, syntax('not_json', /ends too early at line 1/)],
  ['no JSON at all', json, '', syntax('empty_body', /empty. Send JSON/)],
  ['blanks', json, '  \n', syntax('empty_body', /empty. Send JSON/)],
  [
    'a day that the calendar has not',
    json,
    `[${good},${JSON.stringify(response({ answered_at: '2026-02-30T00:00:00Z' }))}]`,
    row('/answered_at', 'bad_format', /a moment that exists.*2026-03-01T09:30:00Z/, 2),
  ],
  [
    'a date without a time',
    json,
    JSON.stringify(response({ answered_at: '2026-02-03' })),
    row('/answered_at', 'bad_format', /2026-03-01T09:30:00Z/),
  ],
  [
    'an id of 129 characters',
    json,
    JSON.stringify(response({ id: 'x'.repeat(129) })),
    row('/id', 'too_long', /at most 128 characters/),
  ],
  ['an empty id', json, JSON.stringify(response({ id: '' })), row('/id', 'too_short', /at least 1 character/)],
  [
    'an id with a line break',
    json,
    JSON.stringify(response({ id: 'a\nb' })),
    row('/id', 'bad_format', /without control characters/),
  ],
  [
    'one id with two contents',
    json,
    `[${good},${text},${JSON.stringify(response({ score: 1 }))}]`,
    row('/id', 'duplicate_id', /'r1' occurs twice.*Send each row once/, 3),
  ],

  [
    'NDJSON with NaN',
    ndjson,
    `${good}\n${text.replace('9', 'NaN')}\n`,
    row('', 'not_json', /^Row 2: .*NaN is no JSON value/, 2),
  ],
  [
    'NDJSON with 1e400',
    ndjson,
    `${good}\n${text.replace(':9,', ':1e400,')}\n`,
    row('/score', 'wrong_type', /^Row 2 \(score\)/, 2),
  ],
  [
    'NDJSON with U+0000',
    ndjson,
    `${good}\n${text.replace('r1', 'r\\u0000')}\n`,
    row('', 'unstorable_text', /^Row 2: The line/, 2),
  ],
  [
    'NDJSON with a lone surrogate',
    ndjson,
    `${good}\n${text.replace('r1', 'r\\ud83d')}`,
    row('', 'unstorable_text', /^Row 2: The line/, 2),
  ],
  ['NDJSON with 33 levels', ndjson, `${good}\n${deep(33)}`, row('', 'too_deep', /^Row 2: The line/, 2)],
  [
    'NDJSON in Latin-1',
    ndjson,
    Buffer.from(`${good}\n${JSON.stringify(response({ comment: 'schön' }))}\n`, 'latin1'),
    row('', 'not_utf8', /^Row 2: The line.*UTF-8/, 2),
  ],
  [
    'NDJSON that is cut short',
    ndjson,
    `${good}\n${text.slice(0, 30)}`,
    row('', 'not_json', /^Row 2: .*at column 31/, 2),
  ],
  ['a JSON array as NDJSON', ndjson, `[\n${good},\n${text}\n]`, row('', 'not_json', /Each line is one JSON object/)],
  [
    'one id with two contents in NDJSON',
    ndjson,
    `${good}\n${text}\n${JSON.stringify(response({ score: 1 }))}`,
    row('/id', 'duplicate_id', /'r1' occurs twice/, 3),
  ],

  [
    'a CSV that is cut short within quotes',
    csv,
    `${head}good,c,nps,9,2026-01-01T00:00:00Z,fine\nr1,c,nps,9,2026-01-01T00:00:00Z,"so`,
    row('', 'broken_csv', /line 3 is never closed: the file was cut short/, 3),
  ],
  [
    'a CSV that is cut short within a row',
    csv,
    `${head}good,c,nps,9,2026-01-01T00:00:00Z,fine\nr1,c,np`,
    row('', 'wrong_cell_count', /^Row 3: The row has 3 cells, the header 6/, 3),
  ],
  [
    'a CSV in Latin-1',
    csv,
    Buffer.from(`${head}good,c,nps,9,2026-01-01T00:00:00Z,fine\nr1,c,nps,9,2026-01-01T00:00:00Z,schön`, 'latin1'),
    row('/comment', 'not_utf8', /Save the file as UTF-8/, 3),
  ],
  [
    'a CSV with U+0000',
    csv,
    `${head}r1,c,nps,9,2026-01-01T00:00:00Z,a\0b`,
    row('/comment', 'unstorable_text', /U\+0000/, 2),
  ],
  [
    'a CSV with NaN',
    csv,
    `${head}r1,c,nps,NaN,2026-01-01T00:00:00Z,`,
    row('/score', 'wrong_type', /Must be a number/, 2),
  ],
  [
    'a CSV with a decimal comma',
    csv,
    `${head}r1,c,nps,"9,5",2026-01-01T00:00:00Z,`,
    row('/score', 'wrong_type', /Must be a number/, 2),
  ],
  [
    'a CSV with an unknown column',
    csv,
    `id,survey,scor,answered_at\n`,
    { status: 422, code: 'unknown_column', says: /scor\. It may have: id, .*score/ },
  ],
  [
    'a CSV with a column twice',
    csv,
    `id,survey,score,score,answered_at\n`,
    { status: 422, code: 'column_twice', says: /'score' twice/ },
  ],
  [
    'a CSV without a column that is required',
    csv,
    `id,survey,score\n`,
    { status: 422, code: 'missing_column', says: /lacks the columns answered_at/ },
  ],

  [
    'a type that is not taken',
    { 'content-type': 'application/xml' },
    '<r/>',
    { status: 415, code: 'type_not_taken', says: /application\/json or application\/x-ndjson or text\/csv/ },
  ],
  [
    'a charset that is not taken',
    { 'content-type': 'text/csv; charset=iso-8859-1' },
    head,
    { status: 415, code: 'charset_not_taken', says: /Send UTF-8/ },
  ],
  [
    'a body that is compressed',
    { ...json, 'content-encoding': 'gzip' },
    'x',
    { status: 415, code: 'encoding_not_taken', says: /Send the body as it is/ },
  ],
];

function check(answer: Reply, { status, code, says, errors }: Expected, what: string) {
  assert.deepEqual([answer.status, answer.body?.code], [status, code], `${what}: ${answer.text}`);
  assert.equal(answer.headers['content-type'], 'application/problem+json', what);
  assert.equal(answer.body.request_id, answer.headers['x-request-id'], what);
  assert.match(answer.body.detail, says, what);
  if (errors)
    assert.deepEqual(
      answer.body.errors.map((error: AnyRow) => [error.row, error.pointer, error.code]),
      errors,
      what,
    );
  for (const error of answer.body.errors) assert.ok(error.detail.length > 10, what);
  if (code === 'rows_refused') assert.match(answer.body.detail, /Nothing was stored\.$/, what);
}

async function nothingStored(api: Api, what: string, work: () => Promise<void>) {
  const before = await tableCounts(api);
  await work();
  assert.deepEqual(await tableCounts(api), before, what);
}

test('bad input', async (t) => {
  const api = await testApi(t);
  await withSurvey(api);

  await t.test('bad rows are refused with a clear problem, and nothing of their body is stored', async () => {
    for (const [what, headers, body, expected] of bodies)
      for (const query of ['', '?atomic=true'])
        await nothingStored(api, what, async () =>
          check(await api.send('POST', `/v1/responses${query}`, body, headers), expected, what),
        );
  });

  await t.test('a bad row is refused by PUT in the same words', async () => {
    const puts: [AnyRow, string, RegExp][] = [
      [{ scor: 9 }, 'unknown_field', /\/scor: .*Did you mean 'score'/],
      [{ score: '9' }, 'wrong_type', /\/score: Must be a number/],
      [{ score: 11 }, 'off_scale', /\/score: The scale of 'nps' runs from 0 to 10/],
      [{ survey: 'x' }, 'unknown_survey', /Make it first/],
      [{ answered_at: '2026-02-30T00:00:00Z' }, 'bad_format', /\/answered_at: /],
      [{ id: 'r2' }, 'other_key', /'r1'.*'r2'/],
      [{ id: 7 }, 'wrong_type', /\/id: Must be an id other than .*; it is a number/],
    ];
    for (const [change, code, says] of puts)
      await nothingStored(api, code, async () => {
        const { status, body } = await api.send('PUT', '/v1/responses/r1', response(change));
        assert.deepEqual([status, body.code, body.errors.length, body.errors[0].code], [422, 'invalid_body', 1, code]);
        assert.match(body.detail, says);
      });
    for (const [path, status] of [
      [`/v1/responses/${'x'.repeat(129)}`, 400],
      ['/v1/responses/a%00b', 400],
      ['/v1/responses/a%0Ab', 400],
      ['/v1/responses/%ff', 400],
    ] as const)
      await nothingStored(api, path, async () => {
        const answer = await api.send('PUT', path, response({ id: undefined }));
        assert.equal(answer.status, status, answer.text);
        assert.equal(answer.headers['content-type'], 'application/problem+json');
      });
  });

  await t.test('amounts with too many decimals are refused with how many their currency has', async () => {
    const payment = {
      id: 'p',
      customer_id: 'c',
      type: 'one_time',
      amount: '12.345',
      currency: 'EUR',
      occurred_at: '2026-01-01T00:00:00Z',
    };
    await nothingStored(api, 'decimals', async () =>
      check(
        await api.send('POST', '/v1/revenue-events', [{ ...payment, id: 'good', amount: '1' }, payment]),
        row('/amount', 'too_many_decimals', /EUR has 2 decimals; 12\.345 has more/, 2),
        'decimals',
      ),
    );
  });

  await t.test('bad keys are refused before the body is looked at', async () => {
    const make = async (more: AnyRow) => {
      const { body } = await api.send('POST', '/v1/keys', { name: 'k', scopes: ['ingest'], ...more });
      return body;
    };
    const expired = await make({ expires_at: new Date(Date.now() + 60_000).toISOString() });
    await api.db.write((client) =>
      client.rows(`update api_keys set expires_at = now() - interval '1 second' where id = $1`, [expired.id]),
    );
    const revoked = await make({});
    await api.send('DELETE', `/v1/keys/${revoked.id}`);
    const reader = await make({ scopes: ['read', 'personal', 'manage'] });
    const cases: [string, Record<string, string>, number, string, RegExp][] = [
      ['none', { authorization: '' }, 401, 'key_missing', /Authorization: Bearer/],
      ['unknown', { authorization: 'Bearer nobody-knows-this-key-0123456789' }, 401, 'key_unknown', /not known/],
      ['mistyped', { authorization: `Bearer ${expired.secret.slice(0, -1)}` }, 401, 'key_mistyped', /not complete/],
      ['expired', { authorization: `Bearer ${expired.secret}` }, 401, 'key_expired', /expired at 20/],
      ['revoked', { authorization: `Bearer ${revoked.secret}` }, 401, 'key_revoked', /revoked/],
      [
        'without the scope',
        { authorization: `Bearer ${reader.secret}` },
        403,
        'scope_missing',
        /scope 'ingest'; this key has .*read/,
      ],
      [
        'Basic',
        { authorization: `Basic ${Buffer.from(`x:${api.key}`).toString('base64')}` },
        401,
        'key_missing',
        /Bearer/,
      ],
    ];
    for (const [what, headers, status, code, says] of cases)
      for (const [method, path] of [
        ['POST', '/v1/responses'],
        ['PUT', '/v1/responses/r1'],
        ['DELETE', '/v1/responses/r1'],
      ] as const)
        await nothingStored(api, what, async () => {
          const body = method === 'DELETE' ? undefined : '{broken';
          const answer = await api.send(method, path, body, { ...headers, ...(body && json) });
          assert.deepEqual([answer.status, answer.body.code], [status, code], what);
          assert.match(answer.body.detail, says);
          assert.equal('www-authenticate' in answer.headers, status === 401);
        });
    // A key for sending may not read, and one for reading may not send.
    const sender = await make({ scopes: ['ingest'] });
    const as = { authorization: `Bearer ${sender.secret}` };
    assert.equal((await api.send('POST', '/v1/responses', response(), as)).status, 200);
    assert.equal((await api.send('GET', '/v1/responses/r1', undefined, as)).status, 403);
    assert.equal((await api.send('DELETE', '/v1/customers/c1', undefined, as)).status, 403);
  });

  await t.test('what bad rows of a stream say goes into the report where they are skipped', async () => {
    const body = [
      good,
      text.replace(':9,', ':1e400,'),
      text.replace(':9,', ':NaN,'),
      '7',
      '"\\ud83d"',
      JSON.stringify(response({ score: 'x'.repeat(150) })),
      JSON.stringify(response({ themes: [1, { a: 1 }] })),
    ].join('\n');
    const { status, body: report } = await api.send('POST', '/v1/responses?on_error=skip', body, ndjson);
    assert.equal(status, 200);
    assert.deepEqual([report.received, report.created, report.rejected], [7, 1, 6]);
    assert.deepEqual(
      report.errors.map(({ row, code, value }: AnyRow) => [row, code, value]),
      [
        [2, 'wrong_type', null],
        [3, 'not_json', undefined],
        [4, 'wrong_type', 7],
        [5, 'unstorable_text', undefined],
        [6, 'wrong_type', `${'x'.repeat(100)}…`],
        [7, 'wrong_type', 1],
        [7, 'wrong_type', null],
      ],
    );
    const listed = await api.send(
      'POST',
      '/v1/responses?on_error=skip',
      `[${good},${text.replace(':9,', ':1e400,')}]`,
      json,
    );
    assert.deepEqual([listed.status, listed.body.unchanged, listed.body.errors[0].value], [200, 1, null]);
  });
});
