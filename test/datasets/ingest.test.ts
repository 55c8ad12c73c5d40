import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AnyRow } from '../../src/datasets/declare.ts';
import { verify } from '../../src/outcomes/verify.ts';
import { type Api, testApi } from '../support/api.ts';
import { datasetCalled, sentExample, tableCounts, withSurvey } from './samples.ts';

const ndjson = { 'content-type': 'application/x-ndjson' };
const lines = (rows: object[]) => rows.map((row) => JSON.stringify(row)).join('\n');

/** A payment; `n` tells them apart. */
const payment = (n: number, more: AnyRow = {}): AnyRow => ({
  id: `p${n}`,
  customer_id: `c${n % 50}`,
  type: 'one_time',
  amount: '5.00',
  currency: 'EUR',
  occurred_at: '2026-01-02T03:04:05.678Z',
  ...more,
});
const payments = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => payment(from + at));
/** Passes the schema and is refused by a rule, when its batch is stored. */
const badLate = (n: number) => payment(n, { amount: '-5.00' });
/** Is refused by the schema, when it is read. */
const badAtOnce = (n: number) => payment(n, { amount: 'five' });

const path = '/v1/revenue-events';
const stored = async ({ db }: Api): Promise<number[]> => {
  const rows = await db.read((client) =>
    client.rows<{ n: number }>(`select substr(id, 2)::int4 as n from revenue_events order by 1`),
  );
  return rows.map(({ n }) => n);
};
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

/** Sends a stream, and compares what is stored with what the answer says. */
async function refusedStream(api: Api, body: string) {
  const { status, body: problem } = await api.send('POST', path, body, ndjson);
  assert.deepEqual([status, problem.code], [422, 'rows_refused']);
  const ids = await stored(api);
  assert.equal(problem.report.created, ids.length, 'the counts are of what is stored');
  const through = Number(/through row (\d+) is stored/.exec(problem.detail)?.[1] ?? 0);
  const missing = range(0, through).filter((n) => !ids.includes(n));
  assert.deepEqual(missing, [], 'everything through the row that the answer names is stored');
  assert.equal(/some (rows )?after it/.test(problem.detail), ids.length > through);
  if (ids.length === 0) assert.match(problem.detail, /Nothing was stored\.$/);
  else assert.match(problem.detail, /again is harmless\.$/);
  return { through, ids, problem };
}

test('ingest', async (t) => {
  const api = await testApi(t);
  t.afterEach(() => api.db.write((client) => client.script('delete from revenue_events; delete from exchange_rates')));

  await t.test('JSON: abort stores nothing and names every bad row, skip stores the good ones', async () => {
    const rows = [payment(1), badAtOnce(2), payment(3), { ...payment(4), colour: 'red' }, 7, payment(6)];
    const before = await tableCounts(api);
    const refused = await api.send('POST', path, rows);
    assert.deepEqual([refused.status, refused.body.code], [422, 'rows_refused']);
    assert.match(refused.body.detail, /^Row 2 \(amount\): .*decimal number.* Nothing was stored\.$/);
    assert.deepEqual(refused.body.report, { received: 6, created: 0, updated: 0, unchanged: 0, rejected: 3 });
    assert.deepEqual(
      refused.body.errors.map(({ row, pointer, code, value }: AnyRow) => [row, pointer, code, value]),
      [
        [2, '/amount', 'bad_format', 'five'],
        [4, '/colour', 'unknown_field', 'red'],
        [5, '', 'wrong_type', 7],
      ],
    );
    assert.deepEqual(await tableCounts(api), before);

    const skipped = await api.send('POST', `${path}?on_error=skip`, rows);
    assert.equal(skipped.status, 200);
    assert.deepEqual(skipped.body, {
      received: 6,
      created: 3,
      updated: 0,
      unchanged: 0,
      rejected: 3,
      errors: refused.body.errors,
    });
    assert.deepEqual(await stored(api), [1, 3, 6]);
  });

  await t.test('JSON: rules that need other rows are told like the schema, in the order of the rows', async () => {
    const rows = [payment(1), badLate(2), badAtOnce(3), payment(1, { amount: '6' }), payment(1), badLate(6)];
    const skipped = await api.send('POST', `${path}?on_error=skip`, rows);
    assert.deepEqual(
      [skipped.body.created, skipped.body.unchanged, skipped.body.rejected],
      [1, 1, 4],
      'a row that comes twice alike counts once as unchanged',
    );
    assert.deepEqual(
      skipped.body.errors.map(({ row, code }: AnyRow) => [row, code]),
      [
        [2, 'wrong_sign'],
        [3, 'bad_format'],
        [4, 'duplicate_id'],
        [6, 'wrong_sign'],
      ],
    );
    const refused = await api.send('POST', path, [payment(10), payment(10, { amount: '6' }), badLate(11)]);
    assert.deepEqual(
      refused.body.errors.map(({ row, code }: AnyRow) => [row, code]),
      [
        [2, 'duplicate_id'],
        [3, 'wrong_sign'],
      ],
    );
    assert.match(refused.body.detail, /'p10' occurs twice with different content\. Send each row once/);
    assert.deepEqual(await stored(api), [1]);
  });

  await t.test('JSON: 5,000 rows go in, 5,001 are 413 with the way out, none are fine', async () => {
    const before = await tableCounts(api);
    const tooMany = await api.send('POST', path, payments(0, 5_001));
    assert.deepEqual([tooMany.status, tooMany.body.code], [413, 'too_many_rows']);
    assert.match(tooMany.body.detail, /5000 rows; this one holds 5001.*x-ndjson or text\/csv/);
    assert.deepEqual(await tableCounts(api), before);
    assert.equal((await api.send('POST', path, payments(0, 5_000))).body.created, 5_000);
    assert.equal((await api.send('POST', path, payments(0, 5_000))).body.unchanged, 5_000);
    assert.equal((await api.send('POST', path, [])).body.received, 0);
  });

  await t.test('the first thousand errors are told, and all are counted', async () => {
    const rows = range(0, 12_000).map((n) => (n % 4 === 0 ? badLate(n) : n % 4 === 1 ? badAtOnce(n) : payment(n)));
    for (const [type, body] of [
      ['application/json', JSON.stringify(rows.slice(0, 5_000))],
      ['application/x-ndjson', lines(rows)],
    ]) {
      const { status, body: report } = await api.send('POST', `${path}?on_error=skip`, body, {
        'content-type': `${type}`,
      });
      const all = type === 'application/json' ? 5_000 : 12_000;
      assert.equal(status, 200);
      assert.deepEqual([report.received, report.rejected], [all, all / 2]);
      assert.equal(report.created + report.unchanged, all / 2);
      assert.deepEqual(
        report.errors.map(({ row }: AnyRow) => row),
        range(0, 2_000).flatMap((n) => (n % 4 < 2 ? [n + 1] : [])),
      );
    }
    assert.deepEqual(
      await stored(api),
      range(0, 12_000).filter((n) => n % 4 > 1),
    );
  });

  await t.test('a stream stops at a bad row, and what it says is stored is stored', async (t) => {
    const clear = () => api.db.write((client) => client.script('delete from revenue_events'));
    const with5Batches = (bad: number[], how: (n: number) => AnyRow) =>
      lines(range(0, 25_000).map((n) => (bad.includes(n) ? how(n) : payment(n))));

    await t.test('found while reading, in the third batch', async () => {
      const { through, ids, problem } = await refusedStream(api, with5Batches([12_345], badAtOnce));
      assert.deepEqual([through, ids.length], [10_000, 10_000]);
      assert.deepEqual([problem.report.received, problem.report.rejected], [12_346, 1]);
      assert.match(problem.detail, /^Row 12346 \(amount\)/);
      await clear();
    });

    await t.test('found while storing, in the third batch, when the fourth is on its way', async () => {
      const { through, problem } = await refusedStream(api, with5Batches([12_345], badLate));
      assert.equal(through, 10_000);
      assert.equal(problem.report.rejected, 1);
      assert.match(problem.detail, /^Row 12346 \(amount\)/);
      await clear();
    });

    await t.test('found while storing, when the row after it was found while reading', async () => {
      const rows = range(0, 5_100).map((n) => (n === 4_000 ? badLate(n) : n === 5_050 ? badAtOnce(n) : payment(n)));
      const { ids, problem } = await refusedStream(api, lines(rows));
      assert.deepEqual(ids, []);
      assert.deepEqual(
        problem.errors.map(({ row }: AnyRow) => row),
        [4_001, 5_051],
      );
      assert.equal(problem.report.rejected, 2);
    });

    await t.test('in the first batch', async () => {
      for (const how of [badAtOnce, badLate]) {
        const { ids, problem } = await refusedStream(api, lines([payment(0), how(1), payment(2)]));
        assert.deepEqual(ids, []);
        assert.match(problem.detail, /^Row 2 \(amount\)/);
      }
    });

    await t.test('and goes on after it with skip', async () => {
      const body = lines(
        range(0, 25_000).map((n) => (n === 12_345 ? badLate(n) : n === 3 ? badAtOnce(n) : payment(n))),
      );
      const { status, body: report } = await api.send('POST', `${path}?on_error=skip`, body, ndjson);
      assert.equal(status, 200);
      assert.deepEqual(
        [report.received, report.created, report.rejected, report.errors.map(({ row }: AnyRow) => row)],
        [25_000, 24_998, 2, [4, 12_346]],
      );
      assert.equal((await stored(api)).length, 24_998);
      await clear();
    });

    await t.test('and stores nothing of it with atomic=true', async () => {
      const before = await tableCounts(api);
      for (const how of [badAtOnce, badLate]) {
        const refused = await api.send('POST', `${path}?atomic=true`, with5Batches([12_345], how), ndjson);
        assert.equal(refused.status, 422);
        assert.match(refused.body.detail, /^Row 12346 .* Nothing was stored\.$/);
        const { received: _, ...report } = refused.body.report;
        assert.deepEqual(report, { created: 0, updated: 0, unchanged: 0, rejected: 1 });
        assert.deepEqual(await tableCounts(api), before);
      }
      const whole = await api.send('POST', `${path}?atomic=true`, with5Batches([], badLate), ndjson);
      assert.deepEqual([whole.status, whole.body.created], [200, 25_000]);
      const skipping = await api.send(
        'POST',
        `${path}?atomic=true&on_error=skip`,
        lines([payment(30_000), badLate(30_001), badAtOnce(30_002)]),
        ndjson,
      );
      assert.deepEqual([skipping.body.created, skipping.body.rejected], [1, 2]);
    });
  });

  await t.test('of two rows with one id in different batches of a stream, the later one stays', async () => {
    for (const query of ['', '?atomic=true']) {
      const first = payments(0, 5_000);
      const second = range(0, 5_000).map((n) => payment(n, { amount: '7.00' }));
      const third = [payment(17, { amount: '8.00' }), ...payments(6_000, 6_100)];
      const { status, body } = await api.send(
        'POST',
        `${path}${query}`,
        lines([...first, ...second, ...third]),
        ndjson,
      );
      assert.equal(status, 200);
      assert.deepEqual([body.created, body.updated, body.unchanged], query ? [0, 10_001, 100] : [5_100, 5_001, 0]);
      const rows = await api.db.read((client) =>
        client.rows<{ amount: string; n: number }>(
          'select amount, count(*) as n from revenue_events group by 1 order by 1',
        ),
      );
      assert.deepEqual(rows, [
        { amount: '5.00', n: 100 },
        { amount: '7.00', n: 4_999 },
        { amount: '8.00', n: 1 },
      ]);
    }
    const rate = { from_currency: 'USD', to_currency: 'EUR', valid_on: '2026-01-01' };
    const rates = (from: number, to: number) =>
      range(from, to).map((n) => ({
        ...rate,
        valid_on: new Date(Date.UTC(1990, 0, 1 + n)).toISOString().slice(0, 10),
        rate: `0.${n + 1}`,
      }));
    const again = rates(0, 100).map((one) => ({ ...one, rate: '2' }));
    const { body } = await api.send('POST', '/v1/exchange-rates', lines([...rates(0, 5_000), ...again]), ndjson);
    assert.deepEqual([body.created, body.updated], [5_000, 100], 'also where the key is derived');
  });

  await t.test('many senders of the same rows at once make each row once, and no sender fails', async () => {
    const rows = payments(0, 400);
    const shuffled = (seed: number) =>
      rows
        .map((row, at) => ({ row, by: (at * 7919 + seed * 104_729) % 401 }))
        .sort((a, b) => a.by - b.by)
        .map(({ row }) => row);
    const answers = await Promise.all(
      range(0, 8).map((n) =>
        n % 2 === 0
          ? api.send('POST', path, shuffled(n))
          : api.send('POST', path, lines(shuffled(n).map((row) => ({ ...row, product: `by ${n}` }))), ndjson),
      ),
    );
    for (const { status, body } of answers) assert.equal(status, 200, JSON.stringify(body));
    const sum = (name: string) => answers.reduce((total, { body }) => total + body[name], 0);
    assert.equal(sum('created'), 400);
    assert.equal(sum('created') + sum('updated') + sum('unchanged'), 8 * 400);
    assert.equal((await stored(api)).length, 400);
  });

  await t.test('a row is stored the same by itself, among few and among many', async () => {
    const dataset = datasetCalled('responses');
    await withSurvey(api);
    const texts = [
      'plain',
      'tab\there',
      'line\nbreak',
      'back\\slash',
      '\\N',
      '\\.',
      '"quotes"',
      "it's",
      'ß 😀',
      '{a,b}',
      ' ',
    ];
    const rows = (name: string) =>
      range(0, 1_000).map((n) => {
        const text = `${texts[n % texts.length]}`;
        return {
          ...sentExample(dataset),
          id: `${name}-${n}`,
          comment: `${text} ${n}`,
          themes: n % 3 === 0 ? [] : [text, `other ${n}`],
          moment: n % 2 === 0 ? null : text,
          score: (n % 21) / 2,
          customer_id: n % 5 === 0 ? null : `c${n}`,
        };
      });
    for (const row of rows('one').slice(0, 50)) await api.send('POST', '/v1/responses', row);
    for (let from = 50; from < 1_000; from += 100)
      await api.send('POST', '/v1/responses', rows('one').slice(from, from + 100));
    const { body } = await api.send('POST', '/v1/responses', rows('all'));
    assert.equal(body.rejected, 0, JSON.stringify(body));
    assert.deepEqual([body.created, body.updated], [1_000, 0]);
    const shown = (name: string) =>
      api.db.read((client) =>
        client.rows(
          `select to_jsonb(r) - 'id' - 'recorded_at' - 'changed_at' - 'changed_xid' as row from responses r
           where id like $1 order by split_part(id, '-', 2)::int`,
          [`${name}-%`],
        ),
      );
    const all = await shown('all');
    assert.equal(all.length, 1_000);
    assert.deepEqual(all, await shown('one'));
    const customers = sentExample(datasetCalled('customers'));
    const made = range(0, 300).map((n) => ({
      ...customers,
      id: `k${n}`,
      attributes: { [`${texts[n % 9]}`]: texts[n % 11] },
    }));
    await api.send('POST', '/v1/customers', made);
    const again = await api.send('POST', '/v1/customers', made);
    assert.equal(again.body.unchanged, 300, 'what came by COPY is what was sent');
  });

  await t.test('a stream that is long in rows, or whose rows are long, is cut into batches', async (t) => {
    await withSurvey(api);
    let batches = 0;
    const { write } = api.db;
    t.mock.method(api.db, 'write', (...args: Parameters<typeof write>) => {
      batches++;
      return write(...args);
    });
    const answers = (count: number, comment: string) =>
      lines(
        range(0, count).map((n) => ({
          id: `r${count}-${n}`,
          survey: 'nps',
          score: 1,
          comment,
          answered_at: '2026-01-01T00:00:00Z',
        })),
      );
    for (const [count, comment, expected] of [
      [12_000, 'short', 3],
      [1_000, 'x'.repeat(19_000), 3],
    ] as const) {
      await sleep(0);
      batches = 0;
      assert.equal((await api.send('POST', '/v1/responses', answers(count, comment), ndjson)).body.created, count);
      assert.equal(batches, expected);
    }
    assert.equal(
      (await verify(api.db)).reduce((all, { differences }) => all + differences, 0),
      0,
    );
  });

  await t.test('a CSV is refused as a whole where it breaks, whatever on_error says', async () => {
    const head = Object.keys(payment(0)).join(',');
    const row = (n: number) => Object.values(payment(n)).join(',');
    const cut = [head, ...range(0, 3).map(row), '"p3,c'].join('\n');
    for (const query of ['', '?on_error=skip', '?atomic=true', '?on_error=skip&atomic=true']) {
      const refused = await api.send('POST', `${path}${query}`, cut);
      assert.deepEqual(
        [refused.status, refused.body.errors[0].code, refused.body.errors[0].row],
        [422, 'broken_csv', 5],
        query,
      );
      assert.match(refused.body.detail, /never closed: the file was cut short.* Nothing was stored\.$/);
      assert.deepEqual(await stored(api), []);
    }
    const long = [head, ...range(0, 11_000).map(row), '"p3,c'].join('\n');
    const refused = await api.send('POST', `${path}?on_error=skip`, long);
    assert.match(refused.body.detail, /Every good row through row 10001 is stored\./);
    assert.deepEqual([refused.body.report.created, refused.body.report.received], [10_000, 11_001]);
    assert.equal((await stored(api)).length, 10_000);
  });

  await t.test('what stands against a batch of a stream is told with what is stored', async () => {
    const units = [
      ...range(0, 5_000).map((n) => ({ key: `u${n}`, name: 'x' })),
      { key: 'loop', name: 'x', parent: 'loop' },
    ];
    const refused = await api.send('POST', '/v1/units', lines(units), ndjson);
    assert.deepEqual([refused.status, refused.body.errors[0].code], [422, 'circular']);
    assert.match(
      refused.body.detail,
      /^Row 5001 \(parent\): The unit 'loop' would lie below itself.*Everything through row 5000 is stored\./,
    );
    assert.equal((await tableCounts(api)).units, 5_000);
    const header = await api.send('POST', path, 'id,colour\n');
    assert.match(header.body.detail, /colour.*Nothing was stored\.$/);
  });

  await t.test('NDJSON that knows texts only goes in as the same CSV would; JSON does not', async () => {
    await withSurvey(api);
    const exported = [
      {
        id: 'e1',
        customer_id: 'C',
        survey: 'nps',
        score: '10.0',
        themes: 'price|delivery',
        comment: '',
        answered_at: '2026-01-01T00:00:00Z',
      },
      {
        id: 'e2',
        customer_id: '',
        survey: 'nps',
        score: ' 7 ',
        themes: '',
        comment: ' so\nso ',
        answered_at: '2026-01-01T00:00:00Z',
      },
      { id: 'e3', customer_id: 'C', survey: 'nps', score: 'nine', answered_at: '2026-01-01T00:00:00Z' },
      { id: 'e4', customer_id: 'C', survey: 'nps', score: '', answered_at: '2026-01-01T00:00:00Z' },
      { id: '', customer_id: 'C', survey: 'nps', score: '1e1', answered_at: '2026-01-01T00:00:00Z' },
    ];
    const text = `\ufeff${lines(exported).replaceAll('\n', '\r\n')}\r\n`;
    const { status, body } = await api.send('POST', '/v1/responses?on_error=skip', text, ndjson);
    assert.deepEqual([status, body.created, body.rejected], [200, 2, 3]);
    assert.deepEqual(
      body.errors.map(({ row, pointer, code, value }: AnyRow) => [row, pointer, code, value]),
      [
        [3, '/score', 'wrong_type', 'nine'],
        [4, '/score', 'wrong_type', ''],
        [5, '/id', 'too_short', ''],
        [5, '/score', 'wrong_type', '1e1'],
      ],
    );
    const stored = async (id: string) => {
      const { customer_id, score, themes, comment } = (await api.get(`/v1/responses/${id}`)).body;
      return [customer_id, score, themes, comment];
    };
    assert.deepEqual(await stored('e1'), ['C', 10, ['price', 'delivery'], null]);
    assert.deepEqual(await stored('e2'), [null, 7, [], ' so\nso ']);
    const csv =
      'id,customer_id,survey,score,themes,comment,answered_at\ne1,C,nps,10.0,price|delivery,,2026-01-01T00:00:00Z\ne2,,nps,7,," so\nso ",2026-01-01T00:00:00Z\n';
    assert.equal((await api.send('POST', '/v1/responses', csv)).body.unchanged, 2);
    const flags = {
      key: 'effort',
      name: 'Was it easy?',
      kind: 'ces',
      higher_is_better: 'FALSE',
      triggered_by_leaving: '',
    };
    assert.equal((await api.send('POST', '/v1/surveys', lines([flags]), ndjson)).body.created, 1);
    const { higher_is_better, triggered_by_leaving } = (await api.get('/v1/surveys/effort')).body;
    assert.deepEqual([higher_is_better, triggered_by_leaving], [false, false]);
    for (const row of exported.slice(0, 2))
      assert.equal((await api.send('POST', '/v1/responses', [row])).status, 422, 'JSON is taken as it is');
    await api.db.write((client) => client.script(`delete from responses; delete from surveys where key = 'effort'`));
  });

  await t.test('CSV rows are refused by line and column, and header only is no row', async () => {
    const csv =
      'id,customer_id,type,amount,currency,occurred_at\r\np1,c,one_time,5.00,EUR,2026-01-01T00:00:00Z\r\np2,c,one_time,5.00,EUR,2026-02-30T00:00:00Z\r\np3,c,one_time\r\np4,c,gift,5,EUR,2026-01-01T00:00:00Z\r\np5,,one_time,5,EUR,2026-01-01T00:00:00Z';
    const { body } = await api.send('POST', `${path}?on_error=skip`, csv);
    assert.deepEqual(
      body.errors.map(({ row, pointer, code }: AnyRow) => [row, pointer, code]),
      [
        [3, '/occurred_at', 'bad_format'],
        [4, '', 'wrong_cell_count'],
        [5, '/type', 'not_allowed'],
        [6, '/customer_id', 'required'],
      ],
    );
    assert.deepEqual([body.received, body.created, body.rejected], [5, 1, 4]);
    const headerOnly = await api.send('POST', path, 'id,customer_id,type,amount,currency,occurred_at\n');
    assert.deepEqual([headerOnly.status, headerOnly.body.received], [200, 0]);
    const empty = await api.send('POST', path, '');
    assert.deepEqual([empty.status, empty.body.code], [422, 'empty_csv']);
  });

  await t.test('the parameters of an ingest are checked', async () => {
    for (const [query, says] of [
      ['on_error=ignore', /on_error.*'abort', 'skip'/],
      ['atomic=maybe', /atomic.*true or false/],
      ['atomc=true', /atomc.*Did you mean 'atomic'/],
      ['atomic=true&atomic=false', /atomic.*2 times/],
    ] as const) {
      const { status, body } = await api.send('POST', `${path}?${query}`, [payment(1)]);
      assert.deepEqual([status, body.code], [400, 'invalid_query'], query);
      assert.match(body.detail, says);
    }
    assert.deepEqual(await stored(api), []);
  });
});
