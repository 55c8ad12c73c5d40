import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AnyRow } from '../../src/datasets/declare.ts';
import { verify } from '../../src/outcomes/verify.ts';
import { type Api, testApi } from '../support/api.ts';
import { tableCounts } from './samples.ts';

const at = '2026-01-02T03:04:05.000Z';

/** What is wrong with a row that is refused: pointers and codes. Fails where anything was stored. */
async function faults(api: Api, path: string, row: AnyRow): Promise<string[]> {
  const before = await tableCounts(api);
  const { status, body } = await api.send('POST', `/v1/${path}`, row);
  assert.equal(status, 422, `${JSON.stringify(row)}: ${JSON.stringify(body)}`);
  assert.deepEqual(await tableCounts(api), before);
  return body.errors.map(({ pointer, code }: AnyRow) => `${pointer} ${code}`);
}

test('surveys', async (t) => {
  const api = await testApi(t);
  const survey = (more: AnyRow = {}) => ({ key: 's', name: 'S', kind: 'nps', ...more });

  await t.test('take the usual limits of their kind, unless others are given', async () => {
    const usual: Record<string, number[]> = { nps: [0, 10, 6, 9, 9], csat: [1, 5, 2, 5, 4], ces: [1, 7, 3, 6, 5] };
    for (const [kind, limits] of Object.entries(usual)) {
      const { body } = await api.send('PUT', `/v1/surveys/usual-${kind}`, { name: kind, kind });
      assert.deepEqual(
        [body.scale_min, body.scale_max, body.detractor_max, body.promoter_min, body.satisfied_min],
        limits,
      );
      assert.deepEqual([body.higher_is_better, body.triggered_by_leaving, body.question], [true, false, null]);
    }
    const { body: wide } = await api.send('PUT', '/v1/surveys/wide', { name: 'x', kind: 'nps', scale_min: 1 });
    assert.deepEqual([wide.scale_min, wide.scale_max], [1, 10]);
    const own = { name: 'x', kind: 'custom', scale_min: 1, scale_max: 4, detractor_max: 1, promoter_min: 4 };
    const { body: custom } = await api.send('PUT', '/v1/surveys/own', own);
    assert.equal(custom.satisfied_min, 4, 'promoters are satisfied unless something else is said');
  });

  await t.test('are refused with limits that make no bands', async () => {
    assert.deepEqual(await faults(api, 'surveys', survey({ kind: 'custom' })), [
      '/scale_min required',
      '/scale_max required',
      '/detractor_max required',
      '/promoter_min required',
      '/satisfied_min required',
    ]);
    assert.deepEqual(await faults(api, 'surveys', survey({ scale_min: 10 })), [
      '/scale_max empty_scale',
      '/detractor_max off_scale',
      '/promoter_min off_scale',
      '/satisfied_min off_scale',
    ]);
    assert.deepEqual(await faults(api, 'surveys', survey({ detractor_max: 9 })), ['/promoter_min bands_overlap']);
    assert.deepEqual(await faults(api, 'surveys', survey({ promoter_min: 11 })), ['/promoter_min off_scale']);
  });

  await t.test('band their responses, also where a low score is good, and again when the limits move', async () => {
    await api.facts('surveys', [survey(), survey({ key: 'low', kind: 'ces', higher_is_better: false })]);
    const answers = (survey: string, scores: number[]) =>
      scores.map((score) => ({ id: `${survey}${score}`, survey, score, answered_at: at }));
    await api.facts('responses', [...answers('s', [0, 6, 6.5, 8, 9, 10]), ...answers('low', [1, 2, 3, 4, 5, 7])]);
    const bands = async (survey: string): Promise<string> => {
      const { body } = await api.get(`/v1/responses?survey=${survey}`);
      const rows = [...body.data].sort((a, b) => a.score - b.score);
      return rows.map(({ score, band }) => `${score} ${band}`).join(', ');
    };
    assert.equal(await bands('s'), '0 detractor, 6 detractor, 6.5 passive, 8 passive, 9 promoter, 10 promoter');
    // Mirrored, 8 - score: at most 3 is a detractor, 6 and more a promoter.
    assert.equal(await bands('low'), '1 promoter, 2 promoter, 3 passive, 4 passive, 5 detractor, 7 detractor');

    const { body: start } = await api.get('/v1/changes/responses');
    assert.equal((await api.send('PUT', '/v1/surveys/s', survey({ promoter_min: 10 }))).status, 200);
    const promoters = await api.get('/v1/responses?survey=s&band=promoter');
    assert.deepEqual(
      promoters.body.data.map(({ score }: AnyRow) => score),
      [10],
    );
    const { body: changed } = await api.get(`/v1/changes/responses?cursor=${start.page.cursor}`);
    assert.deepEqual(
      changed.data.map(({ id }: AnyRow) => id),
      ['s9'],
      'only what changed is told',
    );
  });

  await t.test('keep their scale while they have responses, and cannot be removed then', async () => {
    for (const change of [{ scale_min: -1 }, { scale_max: 11 }, { higher_is_better: false }]) {
      const refused = await api.send('PUT', '/v1/surveys/s', survey(change));
      assert.deepEqual([refused.status, refused.body.errors[0].code], [422, 'survey_in_use']);
      assert.match(refused.body.detail, new RegExp(`${Object.keys(change)[0]} must stay.*new survey`));
    }
    assert.equal((await api.get('/v1/surveys/s')).body.scale_max, 10);
    const removal = await api.send('DELETE', '/v1/surveys/s');
    assert.deepEqual([removal.status, removal.body.code], [409, 'survey_in_use']);
    assert.equal((await api.send('DELETE', '/v1/surveys/usual-nps')).status, 204);
    const { body: all } = await api.get('/v1/responses');
    for (const { id } of all.data) await api.send('DELETE', `/v1/responses/${id}`);
    assert.equal((await api.send('PUT', '/v1/surveys/s', survey({ scale_max: 11 }))).status, 200);
    assert.equal((await api.send('DELETE', '/v1/surveys/s')).status, 204);
  });

  await t.test('with another scale are named by their row, and the others of the batch are stored', async () => {
    const rows = [
      survey({ name: 'One' }),
      survey({ key: 'new-one' }),
      survey({ scale_max: 11, higher_is_better: false }),
    ];
    await api.facts('surveys', [survey()]);
    await api.facts('responses', [{ id: 'only', survey: 's', score: 9, answered_at: at }]);
    const before = await tableCounts(api);
    const refused = await api.send('POST', '/v1/surveys', [rows[1], rows[2]]);
    assert.deepEqual([refused.status, refused.body.code], [422, 'rows_refused']);
    assert.deepEqual(await tableCounts(api), before);
    const skipped = await api.send('POST', '/v1/surveys?on_error=skip', [rows[1], rows[2]]);
    const { created, rejected, errors } = skipped.body;
    assert.deepEqual([skipped.status, created, rejected], [200, 1, 1]);
    assert.deepEqual(
      errors.map(({ row, pointer, code, value }: AnyRow) => [row, pointer, code, value]),
      [
        [2, '/scale_max', 'survey_in_use', 11],
        [2, '/higher_is_better', 'survey_in_use', false],
      ],
    );
    // What is not said about the scale is the usual one, which is the one it has.
    assert.equal((await api.send('POST', '/v1/surveys', [rows[0]])).body.updated, 1);
    for (const path of ['surveys/new-one', 'responses/only', 'surveys/s']) await api.send('DELETE', `/v1/${path}`);
  });

  await t.test('cannot be removed or rescaled while a response to them is being stored', async () => {
    for (const [method, status, body] of [
      ['DELETE', 409],
      ['PUT', 422, survey({ scale_max: 11 })],
    ] as const) {
      await api.facts('surveys', [survey()]);
      const hold = { release: () => {}, held: () => {} };
      const held = new Promise<void>((resolve) => {
        hold.held = resolve;
      });
      const released = new Promise<void>((resolve) => {
        hold.release = resolve;
      });
      const { write } = api.db;
      // Holds the transaction of the response open after its last statement.
      const mock = t.mock.method(api.db, 'write', (work: Parameters<typeof write>[0], options: object) =>
        write(async (client) => {
          const result = await work(client);
          hold.held();
          await released;
          return result;
        }, options),
      );
      const sending = api.send('POST', '/v1/responses', {
        id: `late-${method}`,
        survey: 's',
        score: 3,
        answered_at: at,
      });
      await held;
      mock.mock.restore();
      const changing = api.send(method, '/v1/surveys/s', body);
      await sleep(100);
      hold.release();
      assert.equal((await sending).status, 200);
      const refused = await changing;
      assert.equal(refused.status, status, method);
      assert.match(refused.text, /survey_in_use/);
    }
  });
  assert.ok((await verify(api.db)).every(({ differences }) => differences === 0));
});

test('responses', async (t) => {
  const api = await testApi(t);
  const response = (more: AnyRow = {}) => ({ id: 'r', survey: 's', score: 9, answered_at: at, ...more });
  assert.deepEqual(await faults(api, 'responses', response()), ['/survey unknown_survey']);
  const { body } = await api.send('POST', '/v1/responses', response({ survey: 'a/b c' }));
  assert.match(body.detail, /no survey 'a\/b c'\. Make it first: PUT \/v1\/surveys\/a%2Fb%20c\./);
  await api.facts('surveys', [{ key: 's', name: 'S', kind: 'nps' }]);

  await t.test('are refused off the scale, in the future, before 1900 and with a band of their own', async () => {
    for (const score of [-1, 11, 10.5, -0.001])
      assert.deepEqual(await faults(api, 'responses', response({ score })), ['/score off_scale']);
    assert.deepEqual(await faults(api, 'responses', response({ score: 2e6 })), ['/score too_large']);
    const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
    for (const answered_at of [inDays(1.01), '1899-12-31T23:59:59Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z'])
      assert.deepEqual(await faults(api, 'responses', response({ answered_at })), ['/answered_at out_of_range']);
    assert.deepEqual(await faults(api, 'responses', response({ band: 'promoter' })), ['/band unknown_field']);
    await api.facts('responses', [response({ id: 'soon', answered_at: inDays(0.9) })]);
  });

  await t.test('move between customers, and to none', async () => {
    await api.facts('responses', [response({ customer_id: 'A' })]);
    const of = async (customer: string) => (await api.get(`/v1/responses?customer_id=${customer}`)).body.data.length;
    assert.deepEqual([await of('A'), await of('B')], [1, 0]);
    assert.equal((await api.send('POST', '/v1/responses', response({ customer_id: 'B' }))).body.updated, 1);
    assert.deepEqual([await of('A'), await of('B')], [0, 1]);
    await verify(api.db);
    const respondents = async () => {
      assert.ok((await verify(api.db)).every(({ differences }) => differences === 0));
      const rows = await api.db.read((client) =>
        client.rows<{ respondent: string }>(
          `select distinct respondent from response_outcomes where response_id = 'r'`,
        ),
      );
      return rows.map(({ respondent }) => respondent);
    };
    assert.deepEqual(await respondents(), ['B']);
    assert.equal((await api.send('POST', '/v1/responses', response())).body.updated, 1);
    assert.deepEqual(await respondents(), ['~r']);
  });

  await t.test('keep in the audit log who corrected a score, and nothing of their words', async () => {
    await api.facts('responses', [response({ id: 'x', comment: 'secret' })]);
    await api.facts('responses', [response({ id: 'x', comment: 'another secret' })]);
    const log = () =>
      api.db.read((client) =>
        client.rows<AnyRow>(
          `select actor, action, noun, key, before, after, request_id from audit_log where key = 'x' order by id`,
        ),
      );
    assert.deepEqual(await log(), []);
    const corrected = await api.send('POST', '/v1/responses', response({ id: 'x', score: 2, comment: 'x' }));
    await api.send('DELETE', '/v1/responses/x');
    assert.deepEqual(
      (await log()).map(({ request_id: _, ...entry }) => entry),
      [
        {
          actor: 'ADMIN_KEY',
          action: 'corrected',
          noun: 'response',
          key: 'x',
          before: { score: 9 },
          after: { score: 2 },
        },
        { actor: 'ADMIN_KEY', action: 'removed', noun: 'response', key: 'x', before: null, after: null },
      ],
    );
    assert.equal((await log())[0]?.request_id, corrected.headers['x-request-id']);
  });

  await t.test('are the same when only the writing of them differs', async () => {
    await api.facts('responses', [response({ id: 'w', answered_at: '2026-01-02T03:04:05.678Z', score: 7 })]);
    for (const answered_at of ['2026-01-02T04:04:05.678+01:00', '2026-01-02T03:04:05.6780001Z']) {
      const { body } = await api.send(
        'POST',
        '/v1/responses',
        response({ id: 'w', answered_at, score: 7.0, themes: null }),
      );
      assert.equal(body.unchanged, 1, answered_at);
    }
  });
});

test('revenue events', async (t) => {
  const api = await testApi(t);
  const payment = (more: AnyRow = {}) => ({
    id: 'p',
    customer_id: 'A',
    type: 'one_time',
    amount: '5',
    currency: 'EUR',
    occurred_at: at,
    ...more,
  });

  await t.test('have the sign of their type', async () => {
    for (const type of ['refund', 'credit'])
      assert.deepEqual(await faults(api, 'revenue-events', payment({ type })), ['/amount wrong_sign']);
    for (const type of ['one_time', 'recurring'])
      assert.deepEqual(await faults(api, 'revenue-events', payment({ type, amount: '-0.01' })), ['/amount wrong_sign']);
    for (const [at, type] of ['one_time', 'recurring', 'refund', 'credit'].entries())
      await api.facts('revenue-events', [
        payment({ id: `zero${at}`, type, amount: '0' }),
        payment({ id: `some${at}`, type, amount: at > 1 ? '-3.10' : '3.10' }),
      ]);
    const { body } = await api.send('POST', '/v1/revenue-events', payment({ type: 'refund' }));
    assert.match(body.detail, /below zero/);
  });

  await t.test('have no more decimals than their currency', async () => {
    const allowed: [string, string, boolean][] = [
      ['JPY', '5', true],
      ['JPY', '5.0', true],
      ['JPY', '5.1', false],
      ['BHD', '5.123', true],
      ['BHD', '5.1234', false],
      ['EUR', '5.12', true],
      ['EUR', '5.1200', true],
      ['EUR', '5.123', false],
    ];
    for (const [currency, amount, fine] of allowed) {
      const row = payment({ id: `${currency}${amount}`, currency, amount });
      if (fine) await api.facts('revenue-events', [row]);
      else assert.deepEqual(await faults(api, 'revenue-events', row), ['/amount too_many_decimals']);
    }
    const { body } = await api.send('POST', '/v1/revenue-events', payment({ currency: 'JPY', amount: '5.1' }));
    assert.match(body.detail, /JPY has 0 decimals; 5\.1 has more/);
  });

  await t.test('keep every digit, also in the audit log, and take a JSON number for its digits', async () => {
    const exact = '999999999999999.99';
    await api.facts('revenue-events', [payment({ amount: exact })]);
    assert.equal((await api.get('/v1/revenue-events/p')).body.amount, exact);
    assert.equal((await api.send('POST', '/v1/revenue-events', payment({ amount: `${exact}00` }))).body.unchanged, 1);
    await api.facts('revenue-events', [payment({ amount: '999999999999999.98' })]);
    const [entry] = await api.db.read((client) => client.rows('select before, after from audit_log'));
    assert.deepEqual(entry, { before: { amount: exact }, after: { amount: '999999999999999.98' } });
    assert.equal((await api.send('PUT', '/v1/revenue-events/p', payment({ amount: 12.5 }))).body.amount, '12.5');
    assert.equal((await api.send('POST', '/v1/revenue-events', payment({ amount: '12.50' }))).body.unchanged, 1);
    for (const amount of [0.1 + 0.2, 1e15, 1e-13])
      assert.match((await faults(api, 'revenue-events', payment({ amount }))).join(), /too_many_d/);
    for (const amount of ['1e3', '+5', '.5', '5.', '1,000', ' 5', '0x5', 'NaN', 'Infinity', '', '1'.repeat(16)])
      assert.equal((await faults(api, 'revenue-events', payment({ amount }))).length, 1, amount);
  });
});

test('exchange rates', async (t) => {
  const api = await testApi(t);
  const rate = (more: AnyRow = {}) => ({
    from_currency: 'USD',
    to_currency: 'EUR',
    valid_on: '2026-02-11',
    rate: '0.9',
    ...more,
  });

  await t.test('are known by what they are of', async () => {
    await api.facts('exchange-rates', [rate()]);
    assert.equal((await api.get('/v1/exchange-rates/USD-EUR-2026-02-11')).body.rate, '0.9');
    assert.equal((await api.send('POST', '/v1/exchange-rates', rate({ rate: '0.90' }))).body.unchanged, 1);
    assert.equal((await api.send('POST', '/v1/exchange-rates', rate({ rate: 0.91 }))).body.updated, 1);
    assert.deepEqual(await faults(api, 'exchange-rates', rate({ id: 'USD-EUR-2026-02-11' })), ['/id unknown_field']);
    const twice = await api.send('POST', '/v1/exchange-rates', [
      rate({ valid_on: '2026-01-01' }),
      rate({ valid_on: '2026-01-01', rate: '1' }),
    ]);
    assert.deepEqual([twice.status, twice.body.errors[0].code], [422, 'duplicate_id']);
    const elsewhere = await api.send('PUT', '/v1/exchange-rates/USD-EUR-2026-02-12', rate());
    assert.deepEqual([elsewhere.status, elsewhere.body.errors[0].code], [422, 'other_key']);
    const { valid_on: _, ...dayless } = rate();
    const half = await api.send('PUT', '/v1/exchange-rates/USD-EUR-2026-02-12', dayless);
    assert.deepEqual(half.body.errors[0], { pointer: '/valid_on', code: 'required', detail: "'valid_on' is missing." });
  });

  await t.test('are above zero, between two currencies, with at most twelve decimals', async () => {
    for (const value of ['0', '-1', 0, '0.000000000000'])
      assert.deepEqual(await faults(api, 'exchange-rates', rate({ rate: value })), ['/rate not_positive']);
    assert.deepEqual(await faults(api, 'exchange-rates', rate({ to_currency: 'USD' })), ['/to_currency same_currency']);
    for (const value of [1e-13, 0.1 + 0.2, 1e15])
      assert.deepEqual(await faults(api, 'exchange-rates', rate({ rate: value })), ['/rate too_many_digits']);
    assert.equal(
      (await api.send('PUT', '/v1/exchange-rates/USD-EUR-2026-02-11', rate({ rate: 1e-7 }))).body.rate,
      '0.0000001',
    );
    assert.deepEqual(await faults(api, 'exchange-rates', rate({ valid_on: '2026-02-30' })), ['/valid_on bad_format']);
    assert.deepEqual(await faults(api, 'exchange-rates', rate({ valid_on: '2026-02-11T00:00:00Z' })), [
      '/valid_on bad_format',
    ]);
    assert.deepEqual(await faults(api, 'exchange-rates', rate({ valid_on: '2999-01-01' })), ['/valid_on out_of_range']);
    assert.deepEqual(await faults(api, 'exchange-rates', rate({ from_currency: 'usd' })), [
      '/from_currency bad_format',
    ]);
  });
});

test('referrals are of somebody else and convert after they were made', async (t) => {
  const api = await testApi(t);
  const referral = (more: AnyRow = {}) => ({ id: 'x', referrer_id: 'A', made_at: at, ...more });
  assert.deepEqual(await faults(api, 'referrals', referral({ referred_id: 'A' })), ['/referred_id self_referral']);
  assert.deepEqual(await faults(api, 'referrals', referral({ converted_at: '2026-01-02T03:04:04Z' })), [
    '/converted_at before_made_at',
  ]);
  await api.facts('referrals', [referral({ converted_at: '2026-01-02T04:04:05+01:00' })]);
});

test('units', async (t) => {
  const api = await testApi(t);
  const unit = (key: string, parent: string | null = null) => ({ key, name: key, parent });

  await t.test('may name a parent that comes later, and never lie below themselves', async () => {
    await api.facts('units', [unit('b', 'a'), unit('c', 'b')]);
    await api.facts('units', [unit('a')]);
    for (const rows of [[unit('x', 'x')], [unit('a', 'c')], [unit('x', 'y'), unit('y', 'z'), unit('z', 'x')]]) {
      const before = await tableCounts(api);
      const refused = await api.send('POST', '/v1/units', rows);
      assert.deepEqual([refused.status, refused.body.errors[0].code], [422, 'circular']);
      assert.match(refused.body.detail, /would lie below itself/);
      assert.deepEqual(await tableCounts(api), before);
    }
  });

  await t.test(
    'that would lie below themselves are named by their row, and the others of the batch are stored',
    async () => {
      // a has b below it, and b has c; the rows are looked at in their order.
      const rows = [
        unit('d', 'c'),
        unit('a', 'd'),
        unit('p', 'q'),
        unit('q', 'r'),
        unit('r', 'p'),
        unit('e', 'r'),
        unit('self', 'self'),
      ];
      const lines = rows.map((one) => JSON.stringify(one)).join('\n');
      const { status, body } = await api.send('POST', '/v1/units?on_error=skip', lines, {
        'content-type': 'application/x-ndjson',
      });
      assert.deepEqual([status, body.created, body.unchanged, body.rejected], [200, 4, 0, 3]);
      assert.deepEqual(
        body.errors.map(({ row, pointer, code, value }: AnyRow) => [row, pointer, code, value]),
        [
          [2, '/parent', 'circular', 'd'],
          [5, '/parent', 'circular', 'p'],
          [7, '/parent', 'circular', 'self'],
        ],
      );
      assert.equal((await api.get('/v1/units/a')).body.parent, null);
      // Of two rows with the same key the first one is stored, so the second one does not open the way for a loop.
      const twice = await api.send('POST', '/v1/units?on_error=skip', [unit('g', 'h'), unit('g', 'i'), unit('h', 'g')]);
      assert.deepEqual(
        twice.body.errors.map(({ row, code }: AnyRow) => [row, code]),
        [
          [2, 'duplicate_id'],
          [3, 'circular'],
        ],
      );
      for (const { key } of [...rows, unit('g')])
        if (!['a', 'b', 'c'].includes(key)) await api.send('DELETE', `/v1/units/${key}`);
    },
  );

  await t.test('change places within a batch, in whatever order it names them', async () => {
    // three below two below one, turned upside down.
    const before = [unit('one', null), unit('two', 'one'), unit('three', 'two')];
    const after = [unit('three', null), unit('two', 'three'), unit('one', 'two')];
    const parents = async () => {
      const { data } = (await api.get('/v1/units')).body;
      return before.map(({ key }) => data.find((one: AnyRow) => one.key === key)?.parent);
    };
    for (const order of [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ]) {
      await api.facts('units', before);
      await api.facts(
        'units',
        order.flatMap((place) => after[place] ?? []),
      );
      assert.deepEqual(await parents(), ['two', 'three', null], `${order}`);
    }
    // Where a row is refused the unit stays where it was, and that may close a loop with a row that seemed good:
    // 'two' may not go below itself, so it stays below 'three', and 'three' cannot go below it.
    const { body } = await api.send('POST', '/v1/units?on_error=skip', [
      unit('three', 'two'),
      unit('two', 'two'),
      unit('one', null),
    ]);
    assert.deepEqual(
      body.errors.map(({ row, code }: AnyRow) => [row, code]),
      [
        [1, 'circular'],
        [2, 'circular'],
      ],
    );
    assert.deepEqual(await parents(), [null, 'three', null]);
    for (const { key } of before) await api.send('DELETE', `/v1/units/${key}`);
  });

  await t.test('do not lie below themselves when two senders close a loop at the same time', async () => {
    for (let round = 0; round < 10; round++) {
      const [one, other] = [`l${round}`, `r${round}`];
      await api.facts('units', [unit(one), unit(other)]);
      const answers = await Promise.all([
        api.send('PUT', `/v1/units/${one}`, unit(one, other)),
        api.send('PUT', `/v1/units/${other}`, unit(other, one)),
      ]);
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 422]);
    }
  });

  await t.test('stand in a filter for everything below them', async () => {
    await api.facts(
      'customers',
      ['a', 'b', 'c', 'other'].map((unit) => ({ id: `of-${unit}`, unit })),
    );
    const of = async (unit: string) =>
      (await api.get(`/v1/customers?unit=${unit}`)).body.data.map(({ id }: AnyRow) => id);
    assert.deepEqual(await of('a'), ['of-a', 'of-b', 'of-c']);
    assert.deepEqual(await of('c'), ['of-c']);
    assert.deepEqual(await of('unknown'), []);
  });
});

test('attributes of customers are a flat map of short names', async (t) => {
  const api = await testApi(t);
  const customer = (attributes: unknown) => ({ id: 'A', attributes });
  for (const attributes of [
    { a: { b: 1 } },
    { a: [1] },
    { 'line\nbreak': { b: 1 } },
    { ['x'.repeat(65)]: 1 },
    { '': 1 },
    [],
    'x',
  ])
    assert.ok((await faults(api, 'customers', customer(attributes))).length > 0, JSON.stringify(attributes));
  const many = Object.fromEntries(Array.from({ length: 51 }, (_, at) => [`a${at}`, at]));
  assert.deepEqual(await faults(api, 'customers', customer(many)), ['/attributes too_many']);
  const fine = { 'Größe 😀': 'x'.repeat(1000), a: 1e15, b: -0.5, c: true, d: null, constructor: 'x' };
  const { body } = await api.send('PUT', '/v1/customers/A', customer(fine));
  assert.deepEqual(body.attributes, fine);
  const reordered = Object.fromEntries(Object.entries(fine).reverse());
  assert.equal((await api.send('POST', '/v1/customers', customer(reordered))).body.unchanged, 1);
});
