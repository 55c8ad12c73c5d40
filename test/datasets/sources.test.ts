import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { csvRows } from '../../src/datasets/csv.ts';
import { type Incoming, ndjsonRows } from '../../src/datasets/sources.ts';
import { ApiError } from '../../src/errors.ts';
import { datasetCalled } from './samples.ts';

const responses = datasetCalled('responses');

/** A stream of the bytes in pieces of a size. */
const streamOf = (bytes: Buffer | string, size = 65_536) => {
  const all = Buffer.from(bytes as string);
  const pieces = Array.from({ length: Math.ceil(all.length / size) }, (_, at) =>
    all.subarray(at * size, (at + 1) * size),
  );
  return Readable.from(pieces, { objectMode: false });
};

async function all(rows: AsyncIterable<Incoming[]>): Promise<Incoming[]> {
  const found: Incoming[] = [];
  for await (const some of rows) found.push(...some);
  return found;
}

/** Rows and values, or rows and what was wrong; read in pieces of several sizes, which must not matter. */
async function csv(text: Buffer | string, dataset = responses) {
  const results = [];
  for (const size of [1, 7, 65_536])
    results.push(
      (await all(csvRows(streamOf(text, size), dataset))).map((one) =>
        'error' in one ? [one.row, one.error.code, one.error.pointer] : [one.row, one.value],
      ),
    );
  assert.deepEqual(results[0], results[2], 'read byte by byte');
  assert.deepEqual(results[1], results[2]);
  return results[2] ?? [];
}

async function refusal(text: Buffer | string) {
  const error = await all(csvRows(streamOf(text), responses)).then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(error instanceof ApiError, `${error}`);
  assert.equal(error.status, 422);
  return { code: error.code, detail: error.message };
}

const head = 'id,survey,score,answered_at';
const cells = (id: string) => `${id},nps,9,2026-01-01T00:00:00Z`;
const value = (id: string) => ({ id, survey: 'nps', score: 9, answered_at: '2026-01-01T00:00:00Z' });

describe('CSV', () => {
  it('is read with or without a byte order mark, with CRLF, LF or CR, with or without a last line break', async () => {
    for (const mark of ['', '\ufeff'])
      for (const end of ['\n', '\r\n', '\r'])
        for (const last of ['', end])
          for (const first of [head, head.replaceAll(/\w+/g, '"$&"')])
            assert.deepEqual(await csv(`${mark}${first}${end}${cells('a')}${end}${cells('b')}${last}`), [
              [2, value('a')],
              [3, value('b')],
            ]);
  });

  it('may end each line in another way', async () => {
    assert.deepEqual(await csv(`${head},comment\n${cells('a')},good\r\n\r\n\n${cells('b')},bad\r\n${cells('c')},\n`), [
      [2, { ...value('a'), comment: 'good' }],
      [5, { ...value('b'), comment: 'bad' }],
      [6, value('c')],
    ]);
  });

  it('passes over rows without anything in them, as spreadsheets write them', async () => {
    const rows = [`,,,`, head, cells('a'), ',,,', ' , ,,', '   ', cells('b'), ',,,', ''];
    assert.deepEqual(await csv(rows.join('\r\n')), [
      [3, value('a')],
      [7, value('b')],
    ]);
  });

  it('has its columns in any order, and blanks around names and values', async () => {
    assert.deepEqual(await csv(' score , answered_at,id,survey \n 9 , 2026-01-01T00:00:00Z ,a, nps \n'), [
      [2, value('a')],
    ]);
  });

  it('reads each kind of cell as JSON would say it, and leaves the rest to the schema', async () => {
    const rows = await csv(
      'id,survey,score,answered_at,themes,comment\n' +
        'a,nps,-7.5,x,price | delivery||,"  kept  "\n' +
        'b,nps,+3,x,,\n' +
        'c,nps,"9,5",x,|,\n' +
        'd,nps,1e3,x,a,\n' +
        'e,nps,0x10,x,a,\n' +
        'f,nps,.5,x,a,\n',
    );
    assert.deepEqual(rows, [
      [
        2,
        { id: 'a', survey: 'nps', score: -7.5, answered_at: 'x', themes: ['price', 'delivery'], comment: '  kept  ' },
      ],
      [3, { id: 'b', survey: 'nps', score: 3, answered_at: 'x' }],
      [4, { id: 'c', survey: 'nps', score: '9,5', answered_at: 'x', themes: [] }],
      [5, { id: 'd', survey: 'nps', score: '1e3', answered_at: 'x', themes: ['a'] }],
      [6, { id: 'e', survey: 'nps', score: '0x10', answered_at: 'x', themes: ['a'] }],
      [7, { id: 'f', survey: 'nps', score: 0.5, answered_at: 'x', themes: ['a'] }],
    ]);
    const survey = await csv(
      'key,higher_is_better\na,TRUE\nb,false\nc,yes\n'
        .replace('key,', 'name,kind,key,')
        .replaceAll(/^(?=[abc],)/gm, 'x,nps,'),
      datasetCalled('surveys'),
    );
    assert.deepEqual(
      survey.map(([, row]) => (row as { higher_is_better: unknown }).higher_is_better),
      [true, false, 'yes'],
    );
    const maps = await csv(
      'id,attributes\na,"{""plan"":""team"",""seats"":3}"\nb,{oops}\n',
      datasetCalled('customers'),
    );
    assert.deepEqual(maps, [
      [2, { id: 'a', attributes: { plan: 'team', seats: 3 } }],
      [3, { id: 'b', attributes: '{oops}' }],
    ]);
    const amounts = await csv(
      'id,customer_id,type,amount,currency,occurred_at\na,c,one_time,123456789012345.67,EUR,x\n',
      datasetCalled('revenue_events'),
    );
    const [[, amount] = []] = amounts;
    assert.equal((amount as { amount: unknown }).amount, '123456789012345.67', 'no digit is lost');
  });

  it('keeps commas, quotes and line breaks of quoted cells, and names the line on which a row begins', async () => {
    for (const end of ['\n', '\r\n']) {
      const text = [
        'id,comment,survey,score,answered_at',
        `a,"one${end}two, ""three""${end}${end}four",nps,9,x`, // lines 2 to 5
        '', // 6
        'b,plain,nps,9,x', // 7
        '', // 8
        '', // 9
        `c,"${end}",nps,9,x`, // 10 and 11
        'd,too,few,cells', // 12
        'e,plain,nps,9,x', // 13
      ].join(end);
      const rows = await csv(text);
      assert.deepEqual(
        rows.map(([row, what]) => [row, typeof what === 'string' ? what : (what as { id: string }).id]),
        [
          [2, 'a'],
          [7, 'b'],
          [10, 'c'],
          [12, 'wrong_cell_count'],
          [13, 'e'],
        ],
        JSON.stringify(end),
      );
      const [[, first] = []] = rows;
      assert.equal((first as { comment: string }).comment, `one${end}two, "three"${end}${end}four`);
    }
  });

  it('reads back whatever cells it was written with', async () => {
    const cell = fc.string({
      unit: fc.constantFrom('a', ',', '"', '\n', '\r\n', ' ', 'ß', '😀', ';', "'", '|', 'à'),
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(cell, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 9 }),
        async (comments, size) => {
          const rows = comments.map((comment, at) => `i${at},"${comment.replaceAll('"', '""')}"`);
          const text = `id,comment\r\n${rows.join('\r\n')}`
            .replace('id,comment', 'id,comment,survey,score,answered_at')
            .replaceAll(/"(\r\n|$)(?=i\d,|$)/g, '",nps,9,x$1');
          let line = 2;
          const expected = comments.map((comment, at) => {
            const row = line;
            line += 1 + (comment.match(/\n/g)?.length ?? 0);
            const kept = comment.trim() === '' ? {} : { comment };
            return { row, value: { id: `i${at}`, ...kept, survey: 'nps', score: 9, answered_at: 'x' } };
          });
          const found = await all(csvRows(streamOf(text, size), responses));
          assert.deepEqual(
            found.map((one) => ({ row: one.row, value: 'value' in one ? one.value : one.error })),
            expected,
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  it('names the row and column of what is not UTF-8 or holds U+0000, and reads on', async () => {
    const latin = Buffer.concat([
      Buffer.from(`id,comment,survey,score,answered_at\na,gut,nps,9,x\nb,`),
      Buffer.from('schön', 'latin1'),
      Buffer.from(',nps,9,x\nc,schön à,nps,9,x\nd,nu\0ll,nps,9,x\ne,gut,nps,9,x\n'),
    ]);
    assert.deepEqual(
      (await csv(latin)).map(([row, what, where]) => [row, typeof what === 'string' ? what : 'read', where]),
      [
        [2, 'read', undefined],
        [3, 'not_utf8', '/comment'],
        [4, 'read', undefined],
        [5, 'unstorable_text', '/comment'],
        [6, 'read', undefined],
      ],
    );
    assert.deepEqual(await refusal(Buffer.from(`\ufeff${head}\n`, 'utf16le')), {
      code: 'not_utf8',
      detail: 'The CSV is not UTF-8. Save it as UTF-8.',
    });
  });

  it('ends at a quote that cannot be understood, with the line and the cure', async () => {
    const broken: [string, number, RegExp][] = [
      [
        `${head}\n${cells('a')}\n"b,nps,9,x\n${cells('c')}\n`,
        3,
        /after line 3 is never closed: the file was cut short/,
      ],
      [`${head}\n${cells('a')}\nb,"n"ps,9,x\n${cells('c')}\n`, 3, /from line 3 on.*doubled/],
      [`${head}\n${cells('a')}\nb,n"ps,9,x\n${cells('c')}\n`, 3, /from line 3 on.*doubled/],
      [`${head}\n${cells('a')}\n"b${'x'.repeat(2_000_000)}`, 3, /line 3 is longer than 1 MiB.*never closed/],
    ];
    for (const [text, line, says] of broken) {
      const rows = await all(csvRows(streamOf(text), responses));
      assert.equal(rows.length, 2);
      const [, last] = rows;
      assert.ok(last && 'error' in last && last.ends);
      assert.deepEqual([last.row, last.error.code], [line, 'broken_csv']);
      assert.match(last.error.detail, says);
    }
  });

  it('says of quoted cells that they are separated by something else', async () => {
    for (const separator of [';', '\t']) {
      const text = `${head}\n${cells('a')}\n`.replaceAll(/[^,\n]+/g, '"$&"').replaceAll(',', separator);
      const { value: rows } = await csvRows(streamOf(text), responses).next();
      const row = rows?.[0];
      assert.ok(row && 'error' in row && row.ends);
      assert.deepEqual([row.row, row.error.code], [1, 'wrong_separator']);
      assert.match(row.error.detail, /line 1 are separated by semicolons or tabs.*with commas/);
    }
  });

  it('keeps only one record at a time, however long an open quote goes on', async () => {
    let pulled = 0;
    const endless = Readable.from(
      (function* () {
        yield Buffer.from(`${head}\n"`);
        for (; pulled < 10_000; pulled++) yield Buffer.alloc(65_536, 'x');
      })(),
      { objectMode: false },
    );
    await all(csvRows(endless, responses));
    assert.ok(pulled < 40, `${pulled} pieces were read`);
  });

  it('refuses a first line that does not name the columns', async () => {
    const heads: [string, string, RegExp][] = [
      ['', 'empty_csv', /first line names the columns/],
      ['\n\r\n', 'empty_csv', /first line names the columns/],
      ['\ufeff', 'empty_csv', /first line names the columns/],
      [`${head},colour\n`, 'unknown_column', /colour\. It may have: id, customer_id.*region/],
      [`${head},band\n`, 'unknown_column', /band/],
      [`${head},id\n`, 'column_twice', /'id' twice/],
      ['id,score\n', 'missing_column', /survey, answered_at/],
      [`${head},\n`, 'nameless_column', /Column 5 .*no name/],
      [`${head.replaceAll(',', ';')}\n`, 'wrong_separator', /semicolons.*commas/],
      [`${head.replaceAll(',', '\t')}\n`, 'wrong_separator', /tabs.*commas/],
    ];
    for (const [text, code, says] of heads) {
      const refused = await refusal(text);
      assert.equal(refused.code, code, JSON.stringify(text));
      assert.match(refused.detail, says);
    }
  });

  it('may have no rows', async () => assert.deepEqual(await csv(`${head}\r\n`), []));
});

describe('NDJSON', () => {
  const read = async (text: Buffer | string) => {
    const results = [];
    for (const size of [1, 5, 65_536]) results.push(await all(ndjsonRows(streamOf(text, size))));
    assert.deepEqual(results[0], results[2]);
    assert.deepEqual(results[1], results[2]);
    return (results[2] ?? []).map((one) => ('error' in one ? [one.row, one.error.code] : [one.row, one.value]));
  };

  it('is read with a byte order mark, CRLF, blank lines and no last line break', async () => {
    assert.deepEqual(await read('\ufeff{"a":1}\r\n\r\n  \n{"a":"Größe 😀"}\n\n7'), [
      [1, { a: 1 }],
      [4, { a: 'Größe 😀' }],
      [6, 7],
    ]);
    assert.deepEqual(await read(''), []);
  });

  it('names the line of what is no JSON, and reads on', async () => {
    const bad = Buffer.concat([
      Buffer.from('{"a":1}\n{"a":NaN}\n{"a":1\n'),
      Buffer.from('{"a":"ü"}\n', 'latin1'),
      Buffer.from(`{"a":"\\u0000"}\n{"a":"\\ud800"}\n${'['.repeat(33)}${']'.repeat(33)}\n{"__proto__":1}\n{"a":2}`),
    ]);
    assert.deepEqual(await read(bad), [
      [1, { a: 1 }],
      [2, 'not_json'],
      [3, 'not_json'],
      [4, 'not_utf8'],
      [5, 'unstorable_text'],
      [6, 'unstorable_text'],
      [7, 'too_deep'],
      [8, 'forbidden_name'],
      [9, { a: 2 }],
    ]);
    const [row] = await all(ndjsonRows(streamOf('{"a":NaN}')));
    assert.ok(row && 'error' in row);
    assert.equal(
      row.error.detail,
      'The line is not JSON: NaN is no JSON value (use null, true, false or a number) at column 6. Each line is one JSON object.',
    );
  });

  it('refuses a line of more than 1 MiB without keeping it, and reads on', async () => {
    const long = `{"a":"${'x'.repeat(1_048_568)}"}`;
    assert.equal(long.length, 1_048_576);
    const rows = await all(ndjsonRows(streamOf(`${long}\n${long} \n{"a":1}\n`)));
    assert.deepEqual(
      rows.map((one) => [one.row, 'error' in one ? one.error.code : 'read']),
      [
        [1, 'read'],
        [2, 'line_too_long'],
        [3, 'read'],
      ],
    );
  });
});
