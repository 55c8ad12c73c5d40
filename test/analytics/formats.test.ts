import assert from 'node:assert/strict';
import { parse } from 'csv-parse/sync';
import { at, type Row, referral, response, retention, type World, worlds } from '../support/world.ts';
import { crowd, paid } from './crowd.ts';

const paths = [
  'outcomes/revenue',
  'outcomes/referrals',
  'outcomes/retention',
  'outcomes/retention/curve',
  'outcomes/summary',
  'analytics/scores',
];

async function fill(world: World): Promise<void> {
  await world.facts('responses', [
    ...crowd('P', 12, { segment: 'smb, "new"' }),
    ...crowd('D', 3, { score: 1, segment: '=1+1' }),
    response({ customer_id: null }),
  ]);
  await world.facts('revenue-events', paid('P', [10, 20]));
  await world.facts('referrals', [referral({ referrer_id: 'P1' })]);
  await world.facts(
    'retention-events',
    crowd('P', 12).map(({ customer_id }) => retention({ customer_id, type: 'started', occurred_at: at(1) })),
  );
  await world.complete(at(300));
}

/** A cell as CSV has it: null is empty. */
const cell = (value: unknown) => (value === null ? '' : String(value));

worlds('Answers as JSON and as CSV', {
  async 'the rows of CSV are those of JSON, nulls empty, with the groupings that were asked for'(world) {
    await fill(world);
    for (const path of paths)
      for (const group_by of ['', '&group_by=segment', '&group_by=month,segment']) {
        const query = `/v1/${path}?min_n=10${group_by}`;
        const json = await world.send('GET', query);
        const csv = await world.send('GET', `${query}&format=csv`);
        assert.deepEqual([csv.status, csv.headers['content-type']], [200, 'text/csv; charset=utf-8']);
        const [header = [], ...rows] = parse(csv.text) as string[][];
        assert.ok(json.body.data.length > 0, query);
        assert.deepEqual(
          rows,
          json.body.data.map((row: Row) => header.map((name) => cell(row[name]))),
          query,
        );
        assert.deepEqual(header.toSorted(), Object.keys(json.body.data[0]).toSorted(), query);
        assert.match(csv.text, /^[a-z_,]+\r\n/);
      }
  },

  async 'CSV has the same columns for no rows'(world) {
    await fill(world);
    for (const path of paths) {
      const [some, none] = await Promise.all(
        ['', '&segment=none'].map((more) =>
          world.send('GET', `/v1/${path}?min_n=1&group_by=segment,year&format=csv${more}`),
        ),
      );
      assert.ok(some && none);
      assert.equal(none.text, `${some.text.split('\r\n')[0]}\r\n`, path);
      assert.match(none.text, /^survey,segment,year,/);
    }
  },

  async 'Accept asks for CSV as well, and format decides over it'(world) {
    await fill(world);
    const ask = async (accept: string, format = '') => {
      const { headers } = await world.send('GET', `/v1/analytics/scores${format}`, undefined, { accept });
      return String(headers['content-type']).split(';')[0];
    };
    assert.equal(await ask('text/csv'), 'text/csv');
    assert.equal(await ask('text/csv;q=0.9, */*;q=0.1'), 'text/csv');
    assert.equal(await ask('*/*'), 'application/json');
    assert.equal(await ask('application/json'), 'application/json');
    assert.equal(await ask('text/csv', '?format=json'), 'application/json');
    assert.equal(await ask('application/json', '?format=csv'), 'text/csv');
  },
});
