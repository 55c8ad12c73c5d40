import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import { scorecardWithLink, workedAnswers } from '../../src/demo/answers.ts';
import { demoCompany } from '../../src/demo/company.ts';
import { load } from '../../src/demo/load.ts';
import { verify } from '../../src/outcomes/verify.ts';
import { startWorker } from '../../src/worker.ts';
import { testApi } from '../support/api.ts';

/** The service with its worker, listening: the demo speaks to it over HTTP. */
async function serve(t: TestContext) {
  // Hooks run in the order in which they are added, and the worker must end before its database goes.
  let stopWorker = async () => {};
  t.after(() => stopWorker());
  const api = await testApi(t);
  const address = await api.app.listen({ host: '127.0.0.1', port: 0 });
  stopWorker = startWorker(api.db, { error: (details, message) => assert.fail(`${message}: ${inspect(details)}`) });
  const lines: string[] = [];
  return {
    ...api,
    lines,
    target: { address, key: api.key, signal: AbortSignal.timeout(300_000) },
    say: (line: string) => lines.push(line),
  };
}

test('the demo company', async (t) => {
  const { get, send, db, target, say, lines } = await serve(t);
  const company = demoCompany({ customers: 1_000 });
  const { datasets, mistaken } = company;
  const total = Object.values(datasets).reduce((sum, rows) => sum + rows.length, 0);
  await load(target, company, say);

  await t.test('is taken in to the last row, and its corrections hold', async () => {
    assert.equal(lines.length, Object.keys(datasets).length + 3);
    const told = (path: string) => lines.find((line) => line.startsWith(`  ${path} `)) ?? '';
    assert.match(told('customers'), /1,000 rows .* rows\/s {3}1,000 created$/);
    assert.ok(mistaken.responses.length > 0 && mistaken['revenue-events'].length > 0);
    assert.match(told('responses'), new RegExp(` created, ${mistaken.responses.length} corrected$`));
    const [wrong] = mistaken.responses;
    const right = datasets.responses.find(({ id }) => id === wrong?.id);
    assert.equal((await get(`/v1/responses/${wrong?.id}`)).body.score, right?.score);
    assert.match(lines.at(-3) ?? '', new RegExp(`^${total.toLocaleString('en-US')} rows in `));
  });

  await t.test('sent again, changes nothing', async () => {
    const before = (await get('/v1/outcomes/summary?survey=nps')).body;
    const written = async () => (await get('/v1/audit?limit=1000')).body.data.length;
    const deeds = await written();
    assert.ok(deeds > 100 && deeds < 1_000, `${deeds} entries in the audit log`);
    const from = lines.length;
    await load(target, company, say);
    assert.equal(await written(), deeds);
    const again = lines.slice(from, -3);
    assert.equal(again.length, Object.keys(datasets).length);
    for (const line of again) assert.match(line, / {3}[\d,]+ unchanged$/);
    const after = (await get('/v1/outcomes/summary?survey=nps')).body;
    assert.deepEqual({ ...after, fresh: null }, { ...before, fresh: null });
  });

  await t.test('has outcomes that are what its facts say', async () => {
    const found = await verify(db);
    assert.ok(found.every(({ rows }) => rows > 0));
    assert.deepEqual(
      found.filter(({ differences }) => differences > 0),
      [],
    );
  });

  await t.test('holds an effect that turns around among businesses', async () => {
    const { comparisons } = (await get('/v1/outcomes/revenue?survey=nps&group_by=segment')).body;
    const signs: Record<string, number> = {};
    for (const { measure, band, segment, difference_low, difference_high } of comparisons)
      if (measure === 'revenue_after' && band === 'promoter')
        signs[segment] = difference_low > 0 ? 1 : difference_high < 0 ? -1 : 0;
    // A third of the movers are too few to be sure of.
    assert.deepEqual({ ...signs, mover: 0 }, { business: -1, gardener: 1, household: 1, mover: 0 });
    assert.notEqual(signs.mover, -1);
    const whole = (await get('/v1/outcomes/summary?survey=nps')).body;
    for (const name of ['referrals_after', 'retention_rate']) {
      const found = whole.comparisons.find(
        (one: { measure: string; band: string }) => one.measure === name && one.band === 'promoter',
      );
      assert.ok(found.difference_low > 0, `${name}: ${found.difference_low} to ${found.difference_high}`);
    }
  });

  await t.test(
    'leaves out, and counts, answers of those who leave, anonymous ones and payments without a rate',
    async () => {
      const { left_out, warnings } = (await get('/v1/outcomes/revenue')).body;
      const count = (reason: string) =>
        left_out.find((one: { reason: string }) => one.reason === reason)?.responses ?? 0;
      const those = (is: (row: Record<string, unknown>) => boolean) => datasets.responses.filter(is).length;
      assert.equal(
        count('survey_triggered_by_leaving'),
        those(({ survey }) => survey === 'leaving'),
      );
      assert.equal(
        count('anonymous'),
        those(({ customer_id }) => customer_id === null),
      );
      assert.ok(count('not_an_index_response') > 0);
      assert.ok(count('window_open') > 0);
      assert.ok(count('no_exchange_rate') > 0);
      assert.ok(warnings.some((warning: string) => warning.includes('no exchange rate to EUR')));
    },
  );

  await t.test(
    'is on its way: a vision, mile markers, goals in different states, and employees who are heard',
    async () => {
      const { body } = await get('/v1/scorecard');
      assert.ok(body.vision.statement.length > 0);
      assert.equal(body.mile_markers.length, 5);
      assert.equal(body.goals.length, 3);
      const states = new Map(body.goals.map((goal: { name: string; state: string }) => [goal.name, goal.state]));
      // With fewer customers than the whole company, what they say is less sure.
      assert.equal(states.get('There on the promised day'), 'ahead');
      assert.equal(new Set(body.goals.map(({ freshness }: { freshness: string }) => freshness)).size, 2);
      const overdue = body.attention.filter(({ reason }: { reason: string }) => reason === 'not_discussed');
      assert.deepEqual(
        overdue.map(({ name }: { name: string }) => name),
        ['Two of three come back'],
      );

      const { data: quality } = (await get('/v1/analytics/goal-quality')).body;
      assert.deepEqual([quality[0].goals, quality[0].passed_all, quality[0].drafts_failing], [3, 3, 1]);
      const { data: voice } = (await get('/v1/analytics/employee-voice?min_n=1')).body;
      assert.deepEqual([voice[0].suggestions, voice[0].obstacles, voice[0].empowerment_actions], [6, 3, 8]);
      const [fixed] = (await get('/v1/obstacles?status=fixed')).body.data;
      assert.equal((await get(`/v1/analytics/obstacles/${fixed.id}/effect`)).status, 200);
      for (const path of ['vision-consistency', 'alignment', 'behaviours'])
        assert.doesNotMatch((await get(`/v1/analytics/${path}`)).body.reads_as, /^No |too few/, path);
    },
  );

  await t.test('gives a link that opens the scorecard and nothing else', async () => {
    const text = await scorecardWithLink(target, { address: 'http://demo.test', key_word: '$(cat key)' });
    const { reads_as } = (await get('/v1/scorecard')).body;
    assert.ok(text.replace(/\s+/g, ' ').includes(reads_as), text);
    const [, secret] = /http:\/\/demo\.test\/scorecard#key=(\S+)$/m.exec(text) ?? [];
    const as = { authorization: `Bearer ${secret}` };
    assert.equal((await send('GET', '/v1/scorecard', undefined, as)).status, 200);
    assert.equal((await send('GET', '/v1/goals', undefined, as)).status, 403);
  });

  await t.test('answers with the requests that gave the answers', async () => {
    const text = await workedAnswers(target, { address: 'http://demo.test', key_word: '$(cat key)' });
    const paths = [...text.matchAll(/curl -s -H "Authorization: Bearer \$\(cat key\)" 'http:\/\/demo\.test(\S+)'/g)];
    assert.equal(paths.length, 4);
    for (const [, path = ''] of paths) {
      const { status, body } = await get(path);
      assert.equal(status, 200);
      // An answer is told in its own words, a list by its rows.
      const told = body.reads_as
        ? [body.reads_as]
        : body.data.map((row: { customer_name: string }) => row.customer_name);
      for (const words of told) assert.ok(text.replace(/\s+/g, ' ').includes(words), words);
    }
    assert.match(text, /^ {2}business .* -\d+\.\d\d {3}-\d+\.\d\d to -\d+\.\d\d$/m);
  });
});

test('the demo keeps away from facts that are not its own', async (t) => {
  const { send, get, target, say } = await serve(t);
  await send('PUT', '/v1/customers/mine', {});
  await assert.rejects(load(target, demoCompany({ customers: 5 }), say), /holds customers already.*DATA_DIR=/);
  assert.deepEqual((await get('/v1/units')).body.data, []);
});

test('the demo goes on where it was broken off, beside what was added to it since', async (t) => {
  const { send, target, say, lines } = await serve(t);
  const company = demoCompany({ customers: 20 });
  const { units, surveys, customers } = company.datasets;
  for (const [path, rows] of Object.entries({ units, surveys, customers: customers.slice(0, 7) }))
    await send('POST', `/v1/${path}`, rows);
  await send('PUT', '/v1/customers/mine', {});
  await load(target, company, say);
  assert.ok(lines.some((line) => line.endsWith('13 created, 7 unchanged')));
});
