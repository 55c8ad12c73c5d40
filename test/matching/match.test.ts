import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockedMatching, matchBatch } from '../../src/matching/match.ts';
import { verifyMatches } from '../../src/matching/verify.ts';
import { startWorker } from '../../src/worker.ts';
import { beginOpen } from '../outcomes/histories.ts';
import { type Row, response, survey, type World, worlds } from '../support/world.ts';

const author = { 'if-match': '*' };

async function problem(world: World, row: Row): Promise<void> {
  const { status, text } = await world.send('POST', '/v1/problems', { name: String(row.key), ...row });
  assert.equal(status, 201, text);
}
const change = async (world: World, key: string, changes: Row) =>
  assert.equal((await world.send('PATCH', `/v1/problems/${key}`, changes, author)).status, 200);
const progress = async (world: World, key: string) => (await world.send('GET', `/v1/problems/${key}`)).body.matching;
const comments = (texts: Record<string, string>, row: Row = {}): Row[] =>
  Object.entries(texts).map(([id, comment]) => response({ id, comment, ...row }));

/** Who has which problem as it is stored, after what waits was done: `response problem`, with what told it. */
async function matches(world: World): Promise<Record<string, string>> {
  while (await matchBatch(world.db));
  return stored(world);
}

async function stored(world: World): Promise<Record<string, string>> {
  const rows = await world.db.read((client) =>
    client.rows<{ name: string; by: string }>(
      `select response_id || ' ' || problem as name, concat_ws('+', case when by_theme then 'theme' end,
         case when by_phrase then 'phrase' end) as by from problem_responses order by 1`,
    ),
  );
  return Object.fromEntries(rows.map(({ name, by }) => [name, by]));
}

async function assertExact(world: World): Promise<void> {
  const [found] = await verifyMatches(world.db);
  assert.equal(found?.differences, 0);
}

worlds('Which responses have which problem', {
  async 'a phrase is its words one after the other, by their stems'(world) {
    await world.facts('surveys', [survey({ language: 'english' })]);
    await problem(world, { key: 'late', phrases: ['late delivery', "it's broken"] });
    await world.facts(
      'responses',
      comments({
        exact: 'A late delivery.',
        stems: 'LATE deliveries, again and again',
        quotes: 'They call it a “late—delivery”…',
        apart: 'late again, the delivery',
        turned: 'The delivery was late',
        second: 'and now it is broken',
        none: 'Fine',
      }).concat(response({ id: 'silent', comment: null })),
    );
    // `it's` and `it is` are words that English leaves out, so `broken` alone is what the second phrase looks for.
    assert.deepEqual(await matches(world), {
      'exact late': 'phrase',
      'quotes late': 'phrase',
      'second late': 'phrase',
      'stems late': 'phrase',
    });
    await assertExact(world);
  },

  async 'a phrase is read in the language of the survey, or in its own'(world) {
    await world.facts('surveys', [
      survey({ key: 'de', language: 'german' }),
      survey({ key: 'en', language: 'english' }),
      survey({ key: 'raw' }),
    ]);
    await problem(world, { key: 'delay', phrases: ['späte Lieferung', 'late delivery'] });
    await problem(world, { key: 'verspaetung', phrases: ['Verspätung'], language: 'german' });
    await world.facts('responses', [
      ...comments(
        { de1: 'Wieder SPÄTE LIEFERUNGEN!', de2: 'Nur Verspätungen', de3: 'late deliveries' },
        { survey: 'de' },
      ),
      ...comments({ en1: 'Late deliveries', en2: 'späte Lieferungen', en3: 'Verspätungen' }, { survey: 'en' }),
      ...comments({ raw1: 'Late deliveries', raw2: 'LATE DELIVERY', raw3: 'Verspätungen' }, { survey: 'raw' }),
    ]);
    // German takes no `s` of `deliveries` for a stem, and English none of `Lieferungen`; a survey that names no language
    // has words as they are written, and a problem with a language of its own has it everywhere.
    assert.deepEqual(Object.keys(await matches(world)), [
      'de1 delay',
      'de2 verspaetung',
      'en1 delay',
      'en3 verspaetung',
      'raw2 delay',
      'raw3 verspaetung',
    ]);
    await assertExact(world);
    // Another language of a survey is another reading of all its comments.
    await world.facts('surveys', [survey({ key: 'raw', language: 'english' })]);
    assert.deepEqual(
      Object.keys(await matches(world)).filter((name) => name.startsWith('raw')),
      ['raw1 delay', 'raw2 delay', 'raw3 verspaetung'],
    );
    await assertExact(world);
  },

  async 'a theme is taken as it is written, and what told a problem is kept'(world) {
    await problem(world, { key: 'price', themes: ['price', 'cost'], phrases: ['too dear'] });
    await world.facts('responses', [
      response({ id: 'a', themes: ['price', 'cost'] }),
      response({ id: 'b', themes: ['Price', 'prices'] }),
      response({ id: 'c', themes: ['staff', 'cost'], comment: 'Too dear.' }),
    ]);
    assert.deepEqual(await matches(world), { 'a price': 'theme', 'c price': 'theme+phrase' });
    await world.facts('responses', [response({ id: 'c', themes: ['staff'], comment: 'Too dear.' })]);
    assert.deepEqual(await matches(world), { 'a price': 'theme', 'c price': 'phrase' });
    await assertExact(world);
  },

  async 'signs in a phrase are no operators'(world) {
    const phrases = ["o'neil & sons", 'a | b', '!x', "quote ' and \\ slash", '(', 'c:*', 'foo <-> bar'];
    await problem(world, { key: 'signs', phrases: phrases.filter((phrase) => phrase !== '(') });
    await world.facts(
      'responses',
      comments({
        a: 'b alone',
        b: 'a b',
        c: 'no such thing',
        d: "O'Neil & Sons did it",
        e: 'cc',
        f: 'foo bar',
        g: 'bar',
      }),
    );
    assert.deepEqual(Object.keys(await matches(world)), ['b signs', 'd signs', 'f signs']);
  },

  async 'new, corrected, removed and erased responses follow exactly'(world) {
    await problem(world, { key: 'late', phrases: ['late'] });
    assert.deepEqual(await matches(world), {});
    await world.facts('responses', [
      response({ id: 'a', comment: 'late' }),
      response({ id: 'b', comment: 'late', customer_id: 'B' }),
      response({ id: 'c', comment: 'fine' }),
      response({ id: 'd', comment: 'late', customer_id: 'D' }),
    ]);
    assert.deepEqual(Object.keys(await matches(world)), ['a late', 'b late', 'd late']);
    await world.facts('responses', [
      response({ id: 'a', comment: 'in time' }),
      response({ id: 'c', comment: 'late after all' }),
    ]);
    await world.remove('responses/b');
    assert.deepEqual(Object.keys(await matches(world)), ['c late', 'd late']);
    await world.remove('customers/D');
    assert.deepEqual(Object.keys(await matches(world)), ['c late']);
    await world.facts('responses', [response({ id: 'b', comment: 'late again' })]);
    assert.deepEqual(Object.keys(await matches(world)), ['b late', 'c late']);
    await assertExact(world);
  },

  async 'a response that commits late is not missed, and one that comes while batches are walked neither'(world) {
    await problem(world, { key: 'late', phrases: ['late'] });
    await world.facts('responses', comments({ a: 'late' }));
    const late = await beginOpen(world.db, (client) =>
      client.rows(
        `insert into responses select (jsonb_populate_record(r, jsonb_build_object('id', 'l',
           'changed_xid', pg_current_xact_id()::text))).* from responses r where id = 'a'`,
      ),
    );
    await world.facts('responses', comments({ c: 'late', d: 'late', e: 'late' }));
    assert.equal(await matchBatch(world.db, 2), true);
    await world.facts('responses', comments({ f: 'late', c: 'fine' }));
    assert.deepEqual(Object.keys(await matches(world)), ['a late', 'd late', 'e late', 'f late']);
    await late.commit();
    assert.deepEqual(Object.keys(await matches(world)), ['a late', 'd late', 'e late', 'f late', 'l late']);
    await assertExact(world);
  },
});

const ids = ['r1', 'r2', 'r3', 'r4', 'r5'];

worlds('Looking for a problem again', {
  async 'goes in batches through the old responses, and tells how far it is'(world) {
    await world.facts('responses', comments(Object.fromEntries(ids.map((id) => [id, 'It came late.']))));
    await problem(world, { key: 'late', phrases: ['came late'] });
    assert.deepEqual(await matches(world), Object.fromEntries(ids.map((id) => [`${id} late`, 'phrase'])));
    await change(world, 'late', { phrases: ['was late'], themes: ['x'] });
    assert.deepEqual(await progress(world, 'late'), { state: 'waiting', done: 0, of: null });
    assert.equal(await matchBatch(world.db, 2), true);
    assert.deepEqual(await progress(world, 'late'), { state: 'running', done: 2, of: 5 });
    // What is not looked at yet is as it was.
    assert.deepEqual(Object.keys(await stored(world)), ['r3 late', 'r4 late', 'r5 late']);
    // What comes meanwhile is looked at by what holds now, wherever it lies.
    await world.facts('responses', comments({ r0: 'was late', r4: 'was late' }));
    await matchBatch(world.db, 2);
    assert.deepEqual(Object.keys(await stored(world)), ['r0 late', 'r3 late', 'r4 late', 'r5 late']);
    assert.deepEqual(Object.keys(await matches(world)), ['r0 late', 'r4 late']);
    assert.deepEqual(await progress(world, 'late'), { state: 'complete', done: 5, of: 5 });
    await assertExact(world);
  },

  async 'goes on where it was when a connection is killed in the middle of a batch'(world) {
    await world.facts('responses', comments(Object.fromEntries(ids.map((id) => [id, 'late']))));
    await problem(world, { key: 'late', phrases: ['late'] });
    await matchBatch(world.db); // the responses themselves
    await world.db.write((client) => client.rows('delete from problem_responses'));
    await matchBatch(world.db, 2);
    assert.deepEqual(Object.keys(await stored(world)), ['r1 late', 'r2 late']);

    const hold = await beginOpen(world.db, (client) => client.rows('lock table problem_responses in exclusive mode'));
    const broken = assert.rejects(matchBatch(world.db, 2));
    for (let killed = false; !killed; await sleep(10)) {
      const found = await world.db.read((client) =>
        client.rows(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and wait_event_type = 'Lock'`,
        ),
      );
      killed = found.length > 0;
    }
    await broken;
    await hold.commit();
    assert.deepEqual(await progress(world, 'late'), { state: 'running', done: 2, of: 5 });
    assert.deepEqual(Object.keys(await stored(world)), ['r1 late', 'r2 late']);
    assert.deepEqual(
      Object.keys(await matches(world)),
      ids.map((id) => `${id} late`),
    );
    await assertExact(world);
  },

  async 'begins anew when the problem changes on the way'(world) {
    await world.facts('responses', comments({ r1: 'one', r2: 'two', r3: 'one', r4: 'two' }));
    await problem(world, { key: 'p', phrases: ['one'] });
    await matchBatch(world.db);
    await matchBatch(world.db, 2);
    await change(world, 'p', { phrases: ['two'] });
    assert.deepEqual(await progress(world, 'p'), { state: 'waiting', done: 0, of: null });
    assert.deepEqual(Object.keys(await matches(world)), ['r2 p', 'r4 p']);
    await assertExact(world);
  },

  async 'takes problems that were made together through the responses together'(world) {
    await world.facts('responses', comments({ r1: 'one', r2: 'two', r3: 'one two' }));
    await matches(world); // without a problem no response is looked at
    await problem(world, { key: 'p1', phrases: ['one'] });
    await problem(world, { key: 'p2', phrases: ['two'] });
    await matchBatch(world.db, 2);
    for (const key of ['p1', 'p2']) assert.equal((await progress(world, key)).done, 2);
    assert.deepEqual(Object.keys(await matches(world)), ['r1 p1', 'r2 p2', 'r3 p1', 'r3 p2']);
  },

  async 'takes an archived problem out'(world) {
    await world.facts('responses', comments({ r1: 'one', r2: 'one' }));
    await problem(world, { key: 'p', phrases: ['one'] });
    assert.equal(Object.keys(await matches(world)).length, 2);
    assert.equal((await world.send('DELETE', '/v1/problems/p', undefined, author)).status, 204);
    assert.deepEqual(await matches(world), {});
    await assertExact(world);
  },

  async 'is what the worker does'(world) {
    await world.facts('responses', comments({ r1: 'late', r2: 'fine' }));
    await problem(world, { key: 'late', phrases: ['late'] });
    const stop = startWorker(world.db, { error: (details) => assert.fail(String(details)) });
    for (let tries = 0; tries < 500 && (await progress(world, 'late')).state !== 'complete'; tries++) await sleep(20);
    await stop();
    assert.deepEqual(await progress(world, 'late'), { state: 'complete', done: 2, of: 2 });
    assert.deepEqual(await stored(world), { 'r1 late': 'phrase' });
  },

  async 'is done by one process at a time, and a question says what it does not hold yet'(world) {
    await world.facts('responses', comments(Object.fromEntries(ids.map((id) => [id, 'late']))));
    await problem(world, { key: 'late', phrases: ['late'] });
    await lockedMatching(world.db, async () => {
      assert.equal(await matchBatch(world.db), undefined);
      const { status, body } = await world.send('GET', '/v1/analytics/problems?min_n=1');
      assert.deepEqual([status, body.data[0].responses, body.fresh.pending], [200, 0, 5]);
      assert.match(
        body.warnings.join(' '),
        /not looked at for problems yet.*Still looked for in older responses: late\./,
      );
    });
    // Nobody else is at it: a little is done at once.
    const { body } = await world.send('GET', '/v1/analytics/problems?min_n=1');
    assert.deepEqual([body.data[0].responses, body.fresh.pending], [5, 0]);
    assert.doesNotMatch(body.warnings.join(' '), /looked/);
  },
});

worlds('The verification of the matches', {
  async 'counts what is missing, what is too much, and what is told by something else'(world) {
    await world.facts('responses', comments({ r1: 'late', r2: 'late', r3: 'fine' }));
    await problem(world, { key: 'late', phrases: ['late'] });
    await assertExact(world);
    const found = async () => (await verifyMatches(world.db))[0];
    assert.deepEqual(await found(), { table: 'problem_responses', rows: 2, differences: 0 });
    for (const [statement, differences] of [
      [`delete from problem_responses where response_id = 'r1'`, 1],
      [`insert into problem_responses values ('r3', 'late', false, true)`, 2],
      [`update problem_responses set by_theme = true where response_id = 'r2'`, 4],
    ] as const) {
      await world.db.write((client) => client.rows(statement));
      assert.equal((await found())?.differences, differences);
    }
  },
});
