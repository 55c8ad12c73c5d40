import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Api, testApi } from '../support/api.ts';

const day = (n: number) => new Date(Date.UTC(2024, 0, 1) + n * 86_400_000).toISOString();

/** 1,500 responses in 24 months, one or two every half day, and a customer with everything. */
async function filled(api: Api) {
  await api.facts('surveys', [{ key: 'nps', name: 'NPS', kind: 'nps' }]);
  await api.facts('customers', [
    { id: 'C-1', name: "O'Brien & Söhne", email: 'a@example.com', segment: 'smb', attributes: { seats: 3 } },
  ]);
  await api.facts(
    'responses',
    Array.from({ length: 1_500 }, (_, n) => ({
      id: `A-${String(n).padStart(4, '0')}`,
      customer_id: n % 10 === 0 ? null : `C-${n % 300}`,
      survey: 'nps',
      score: n % 11,
      answered_at: day((n / 2) % 730),
      themes: n % 2 === 0 ? ['delivery', 'price'] : [],
      comment: n === 7 ? 'secret words' : null,
    })),
  );
  await api.facts('revenue-events', [
    {
      id: 'R-1',
      customer_id: 'C-1',
      type: 'one_time',
      amount: '123456789012.34',
      currency: 'EUR',
      occurred_at: day(3),
    },
  ]);
}

const powerQuery = {
  accept:
    'application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimalmetadata;q=0.9,application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,application/xml;q=0.7,text/plain;q=0.7',
  maxdataserviceversion: '3.0',
  'odata-maxversion': '4.0',
};

test('OData', async (t) => {
  const api = await testApi(t);
  await filled(api);
  const basic = { authorization: `Basic ${Buffer.from(`anybody:${api.key}`).toString('base64')}` };
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const reply = await api.send('GET', `/odata/v1${path}`, undefined, { ...basic, ...powerQuery, ...headers });
    return { ...reply, body: reply.body ?? (reply.text.startsWith('{') ? JSON.parse(reply.text) : undefined) };
  };
  const walk = async (path: string, headers = {}) => {
    const rows: Record<string, unknown>[] = [];
    for (let next: string | undefined = path; next !== undefined; ) {
      const { status, body } = await ask(next.replace('http://milemarker.test/odata/v1', ''), headers);
      assert.equal(status, 200, JSON.stringify(body));
      rows.push(...body.value);
      next = body['@odata.nextLink'];
    }
    return rows;
  };

  await t.test('answers what Power Query sends, with the headers that it wants', async () => {
    const root = await ask('/');
    assert.equal(root.status, 200);
    assert.equal(root.headers['content-type'], 'application/json;odata.metadata=minimal');
    assert.equal(root.headers['odata-version'], '4.0');
    assert.equal(root.body['@odata.context'], 'http://milemarker.test/odata/v1/$metadata');
    const names = root.body.value.map(({ name }: { name: string }) => name);
    for (const name of ['customers', 'responses', 'revenue_events', 'response_outcomes', 'daily_scores', 'dim_date'])
      assert.ok(names.includes(name), name);
    const metadata = await ask('/$metadata');
    assert.equal(metadata.headers['content-type'], 'application/xml');
    assert.match(metadata.text, /<EntityType Name="response"><Key><PropertyRef Name="id"\/><\/Key>/);
    assert.match(metadata.text, /Name="amount" Type="Edm.Decimal" Scale="variable" Nullable="false"/);
    const sample = await ask('/responses?$top=1000');
    assert.equal(sample.body.value.length, 1_000);
    assert.equal(sample.body['@odata.nextLink'], undefined, 'all that was asked for is there');
    assert.equal(sample.body['@odata.context'], 'http://milemarker.test/odata/v1/$metadata#responses');
    assert.equal((await walk('/responses')).length, 1_500);
    for (const name of names) {
      const type = new RegExp(`<EntitySet Name="${name}" EntityType="milemarker.(\\w+)"`).exec(metadata.text)?.[1];
      const [, declaration = ''] =
        new RegExp(`<EntityType Name="${type}">(.*?)</EntityType>`).exec(metadata.text) ?? [];
      const declared = [...declaration.matchAll(/<Property Name="(\w+)"/g)].map(([, property]) => property);
      assert.ok(declared.length > 2, name);
      for (const row of (await ask(`/${name}?$top=2`)).body.value) assert.deepEqual(Object.keys(row), declared, name);
    }
  });

  await t.test('the months of an incremental refresh add up to the whole, in any offset', async () => {
    const whole = (await walk('/responses?$select=id')).map(({ id }) => id);
    // A month begins an hour earlier where clocks are an hour ahead; no answer is in the hour before 2024 or 2026.
    for (const midnight of ['00:00:00Z', '00:00:00%2B01:00']) {
      const first = (n: number) => `${new Date(Date.UTC(2024, n, 1)).toISOString().slice(0, 10)}T${midnight}`;
      const parts: unknown[] = [];
      for (let month = 0; month < 24; month++) {
        const filter = `answered_at%20ge%20${first(month)}%20and%20answered_at%20lt%20${first(month + 1)}`;
        parts.push(...(await walk(`/responses?$filter=${filter}&$select=id`)).map(({ id }) => id));
      }
      assert.equal(new Set(parts).size, parts.length, 'nothing comes twice');
      assert.deepEqual([...parts].sort(), whole);
    }
  });

  await t.test('pages are of the size that is preferred, and links carry what is left of $top', async () => {
    const first = await ask('/responses?$top=250&$orderby=score desc,answered_at&%24filter=score gt 3', {
      prefer: 'odata.maxpagesize=100',
    });
    assert.equal(first.headers['preference-applied'], 'odata.maxpagesize=100');
    assert.equal(first.body.value.length, 100);
    const rows = await walk('/responses?$top=250&$orderby=score desc,answered_at&%24filter=score gt 3', {
      prefer: 'odata.maxpagesize=100',
    });
    assert.equal(rows.length, 250);
    assert.equal(new Set(rows.map(({ id }) => id)).size, 250);
    const order = rows.map(({ score, answered_at }) => [-Number(score), String(answered_at)] as const);
    assert.deepEqual(
      order,
      [...order].sort(([a, x], [b, y]) => a - b || (x < y ? -1 : 1)),
    );
    const without = await walk('/responses?top=250&orderby=score desc,answered_at&filter=score gt 3', {
      prefer: 'maxpagesize=100',
    });
    assert.deepEqual(without, rows, 'the same without $');
    const skipped = await walk('/responses?$skip=1490&$count=true');
    assert.equal(skipped.length, 10);
    const counted = await ask('/responses?$count=true&$top=0&$filter=customer_id eq null');
    assert.deepEqual([counted.body['@odata.count'], counted.body.value], [150, []]);
    const begun = await ask('/responses?$count=true&$filter=score eq 4&$top=100', { prefer: 'maxpagesize=60' });
    await api.facts('responses', [
      { id: 'B-1', survey: 'nps', score: 4, answered_at: day(0) },
      { id: 'B-2', survey: 'nps', score: 4, answered_at: day(0) },
    ]);
    const gone = await ask(begun.body['@odata.nextLink'].replace('http://milemarker.test/odata/v1', ''));
    // 4, 15, 26 ... 1,489: 136 of 1,500 answers.
    assert.deepEqual(
      [begun, gone].map(({ body }) => body['@odata.count']),
      [136, 136],
      'counted once a walk',
    );
    assert.deepEqual(
      [begun, gone].map(({ body }) => body.value.length),
      [60, 40],
    );
    for (const id of ['B-1', 'B-2']) await api.send('DELETE', `/v1/responses/${id}`);
    const count = await ask('/responses/$count?$filter=customer_id eq null');
    assert.deepEqual([count.text, count.headers['content-type']], ['150', 'text/plain;charset=utf-8']);
  });

  await t.test('one row is found by its key, and columns are chosen', async () => {
    const one = await ask("/customers('C-1')?$select=name,segment");
    assert.deepEqual(one.body, {
      '@odata.context': 'http://milemarker.test/odata/v1/$metadata#customers(name,segment)/$entity',
      name: "O'Brien & Söhne",
      segment: 'smb',
    });
    const outcome = await ask(
      "/response_outcomes(response_id='A-0001',window_days=90)?$select=response_id,window_days",
    );
    assert.equal(outcome.status, 404, 'nobody asked a question yet');
    await api.get('/v1/outcomes/revenue');
    const now = await ask("/response_outcomes(window_days=90,response_id='A-0001')?$select=response_id,window_days");
    assert.deepEqual([now.body.response_id, now.body.window_days], ['A-0001', 90]);
    const wrong: [string, number][] = [
      ['/responses(A-1)', 400],
      ['/responses(1)', 400],
      ["/responses('A-1',)", 400],
      ["/responses(,'A-1')", 400],
      ["/responses(key='A-1')", 400],
      ["/response_outcomes('A-1')", 400],
      ["/response_outcomes(response_id='A-1',window_days='90')", 400],
      ["/response_outcomes(response_id='A-1',response_id='A-1')", 400],
      ['/dim_date(2024-02-30)', 400],
      ["/responses('A-1'", 404],
      ["/responses('nobody')", 404],
      ["/responses('%00')", 400],
      ['/dim_date(1823-01-01)', 404],
    ];
    for (const [path, status] of wrong) {
      const reply = await ask(path);
      assert.equal(reply.status, status, `${path}: ${reply.text}`);
    }
    assert.equal((await ask('/dim_date(2024-02-29)')).body.year_quarter, '2024-Q1');
    await api.facts('responses', [{ id: "it's a/b, (c)=d", survey: 'nps', score: 4, answered_at: day(0) }]);
    const odd = await ask(`/responses(${encodeURIComponent("id='it''s a/b, (c)=d'")})?select=id`);
    assert.equal(odd.body.id, "it's a/b, (c)=d");
    await api.send('DELETE', `/v1/responses/${encodeURIComponent("it's a/b, (c)=d")}`);
  });

  await t.test('decimals and whole numbers are numbers, or exact strings where that is asked for', async () => {
    const plain = await ask('/revenue_events');
    assert.equal(plain.body.value[0].amount, 123456789012.34);
    const exact = await ask('/revenue_events', { accept: 'application/json;IEEE754Compatible=true' });
    assert.equal(exact.body.value[0].amount, '123456789012.34');
    assert.equal(exact.headers['content-type'], 'application/json;odata.metadata=minimal;IEEE754Compatible=true');
    const path =
      '/daily_outcomes?$count=true&$top=1&$filter=window_days eq 90&$select=window_days,responses,revenue_after';
    const numbers = { window_days: 90, responses: 1, revenue_after: 0 };
    const count = (await ask(path)).body['@odata.count'];
    assert.deepEqual((await ask(path)).body.value, [numbers]);
    for (const [more, accept] of [
      ['', 'application/json;odata.metadata=minimal;IEEE754Compatible=true'],
      [`&$format=${encodeURIComponent('application/json;IEEE754Compatible=true')}`, 'application/json'],
    ] as const) {
      const { body } = await ask(`${path}${more}`, { accept });
      assert.deepEqual(body.value, [{ window_days: '90', responses: '1', revenue_after: '0' }]);
      assert.equal(body['@odata.count'], String(count));
    }
    const one = await ask(
      "/response_outcomes(response_id='A-0002',window_days=90)?$select=window_days,score,retained",
      {
        accept: 'application/json;IEEE754Compatible=true',
      },
    );
    // Edm.Double and Edm.Boolean stay what they are.
    assert.deepEqual([one.body.window_days, one.body.score], ['90', 2]);
  });

  await t.test('additive sets add up to the answers', async () => {
    const scores = await walk('/daily_scores');
    const sum = (rows: Record<string, unknown>[], name: string) =>
      rows.reduce((all, row) => all + Number(row[name]), 0);
    assert.equal(sum(scores, 'responses'), 1_500);
    const answer = await api.get('/v1/outcomes/revenue?survey=nps&window_days=90&min_n=1');
    const daily = await walk('/daily_outcomes?$filter=window_days eq 90', { prefer: 'odata.maxpagesize=97' });
    assert.equal(sum(daily, 'responses'), 1_500);
    const counted = answer.body.data.reduce((all: number, row: { responses: number }) => all + row.responses, 0);
    assert.equal(sum(daily, 'revenue_n'), counted);
  });

  await t.test('who may not see people sees no personal column, also not by filter', async () => {
    const made = await api.send('POST', '/v1/keys', { name: 'bi', scopes: ['read'] });
    const reader = { authorization: `Bearer ${made.body.secret}` };
    const { text } = await ask('/$metadata', reader);
    assert.doesNotMatch(text, /Name="(email|comment)"/);
    assert.equal((await ask("/responses?$filter=contains(comment,'secret')", reader)).status, 400);
    assert.doesNotMatch((await ask('/responses', reader)).text, /secret words/);
    assert.equal((await ask("/responses/$count?$filter=contains(comment,'secret')")).text, '1');
  });

  await t.test('errors are those of OData, with the place', async () => {
    const bad: [string, number, string, RegExp][] = [
      ['/responses?$filter=score gt', 400, '$filter', /character 9/],
      ['/responses?$expand=customer', 501, '', /\$expand is not supported/],
      ['/responses?$top=-1', 400, '$top', /whole number/],
      ['/responses?$orderby=colour', 400, '$orderby', /no column 'colour'/],
      ['/responses?$skiptoken=abc', 400, '', /cursor was altered/],
      ['/responses?$filter=round(score) eq 1', 501, '$filter', /character 1/],
      ["/responses?$filter=id eq '%00'", 400, '', /./],
      ["/responses('A-0001')?$filter=score eq 1", 400, '$filter', /one row takes \$select and \$format/],
      ['/responses?$format=atom', 406, '', /answers are JSON/],
      ["/responses('A-0001')/customer?$select=name", 404, '', /Below a set there is only/],
      ['/nothing', 404, '', /no set 'nothing'/],
      ['/responses?colour=red', 400, 'colour', /colour/],
    ];
    for (const [path, status, target, says] of bad) {
      const reply = await ask(path);
      assert.equal(reply.status, status, `${path}: ${reply.text}`);
      assert.equal(reply.headers['content-type'], 'application/json;odata.metadata=minimal');
      assert.equal(reply.headers['odata-version'], '4.0');
      assert.match(reply.body.error.message, says);
      if (target) assert.equal(reply.body.error.target, target);
    }
    const unknown = await ask('/', { authorization: 'Basic bm9ib2R5Om5vdGhpbmc=' });
    assert.equal(unknown.status, 401);
    assert.match(String(unknown.headers['www-authenticate']), /^Basic realm=/);
    const other = await ask('/responses?$top=7', { prefer: 'odata.maxpagesize=3' });
    const token = new URL(other.body['@odata.nextLink']).searchParams.get('$skiptoken');
    assert.equal((await ask(`/responses?$top=8&$skiptoken=${token}`)).status, 400, 'a token is of its own query');
  });

  await t.test('Power BI is connected by a file', async () => {
    const file = await ask('/milemarker.pbids');
    assert.equal(JSON.parse(file.text).connections[0].details.address.url, 'http://milemarker.test/odata/v1');
  });
});
