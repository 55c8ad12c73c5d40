import assert from 'node:assert/strict';
import { refresh } from '../../src/outcomes/refresh.ts';
import {
  at,
  customer,
  payment,
  type Row,
  rate,
  referral,
  response,
  retention,
  type World,
  worlds,
} from '../support/world.ts';

/** A company of 90 customers with every kind of outcome and of reason to be left out; no two questions agree by chance. */
async function fill(world: World): Promise<void> {
  const of = <T>(list: readonly T[], place: number): T | undefined => list[place % list.length];
  const responses: Row[] = [];
  const payments: Row[] = [];
  const referrals: Row[] = [];
  const events: Row[] = [];
  for (let place = 0; place < 90; place++) {
    const customer_id = `C${place}`;
    for (let turn = 0; turn <= place % 4; turn++)
      responses.push(
        response({
          customer_id: place % 11 === 0 ? null : customer_id,
          survey: place % 5 === 0 ? 'csat' : 'nps',
          score: place % 5 === 0 ? 1 + ((place + turn) % 5) : (place * 3 + turn * 5) % 11,
          segment: of(['smb', 'big', null], place),
          region: of(['north', 'south'], place + turn),
          unit: of(['store-1', 'store-2', null, 'city'], place),
          channel: 'web',
          themes: of([[], ['price'], ['price', 'staff'], ['staff']], place + turn),
          answered_at: at(20 + (place % 30) + turn * 101, place * 1_000_000),
        }),
      );
    for (let paid = 0; paid < place % 6; paid++)
      payments.push(
        payment({
          customer_id,
          amount: (place * 7.5 + paid + 0.25).toFixed(2),
          currency: place % 17 === 0 ? 'CHF' : place % 7 === 0 ? 'USD' : 'EUR',
          occurred_at: at(10 + ((place * 13 + paid * 61) % 500)),
        }),
      );
    if (place % 3 === 0)
      referrals.push(
        referral({ referrer_id: customer_id, made_at: at(60 + (place % 40)), converted_at: at(150 + place) }),
      );
    if (place % 2 === 0) events.push(retention({ customer_id, type: 'started', occurred_at: at(5) }));
    if (place % 8 === 0) events.push(retention({ customer_id, type: 'churned', occurred_at: at(70 + place * 2) }));
  }
  await world.facts('surveys', [{ key: 'csat', name: 'Satisfied?', kind: 'csat' }]);
  await world.facts('units', [
    { key: 'city', name: 'City' },
    { key: 'store-1', name: 'Store 1', parent: 'city' },
  ]);
  await world.facts(
    'exchange-rates',
    Array.from({ length: 90 }, (_, week) => rate({ valid_on: at(week * 6).slice(0, 10) })),
  );
  await world.facts('customers', [customer({ id: 'C2', segment: 'tiny' })]);
  await world.facts('responses', responses);
  await world.facts('revenue-events', payments);
  await world.facts('referrals', referrals);
  await world.facts('retention-events', events);
  await world.complete(at(420));
  await refresh(world.db);
}

const questions: Record<string, string>[] = [
  {},
  { survey: 'nps' },
  { group_by: 'year' },
  { group_by: 'month' },
  { group_by: 'quarter', survey: 'csat' },
  { group_by: 'segment' },
  { group_by: 'theme' },
  { group_by: 'unit', unit: 'city' },
  { group_by: 'theme', theme: 'price' },
  { group_by: 'segment,year' },
  { group_by: 'year,theme' },
  { segment: 'smb' },
  { region: 'north', group_by: 'month' },
  { unit: 'city', min_n: '5' },
];
const paths = [
  'outcomes/revenue',
  'outcomes/referrals',
  'outcomes/retention',
  'outcomes/retention/curve',
  'analytics/scores',
];

/**
 * The same question, so put that the rows must answer (or other cells): nothing was answered on 1 January, nothing after
 * day 420, and everything through the same channel.
 */
const asRows: readonly Record<string, string>[] = [{ from: '2022-01-02' }, { as_of: at(420) }, { channel: 'web' }];

const told = ({ data, comparisons, left_out, method }: Record<string, unknown>) => ({
  data,
  comparisons,
  left_out,
  method,
});

worlds('Cells and rows', {
  async 'give the same answer to the same question'(world) {
    await fill(world);
    for (const path of paths)
      for (const question of questions) {
        const cells = await world.ask(path, question);
        assert.ok(cells.data.length > 0, `${path} ${JSON.stringify(question)} has something to compare`);
        for (const more of asRows) {
          const query = { ...more, ...question };
          assert.deepEqual(told(await world.ask(path, query)), told(cells), `${path} ${JSON.stringify(query)}`);
        }
      }
  },

  async 'are read as the question allows: without cells there are answers from rows only'(world) {
    await fill(world);
    await world.db.write(async (client) => {
      for (const table of ['outcome_cells', 'score_cells', 'survival_cells']) await client.rows(`delete from ${table}`);
    });
    const rowsOf = async (path: string, query: Record<string, string>) =>
      (await world.ask(path, query)).data.length > 0;
    const byCells: [string, Record<string, string>][] = [
      ['outcomes/revenue', { group_by: 'month' }],
      ['outcomes/revenue', { group_by: 'segment,year', from: '2022-01-01' }],
      ['outcomes/revenue', { from: '2022-02-01', to: '2022-05-01' }],
      ['analytics/scores', { group_by: 'segment,month', from: '2022-02-01' }],
      ['outcomes/retention/curve', { group_by: 'month', from: '2022-02-01' }],
    ];
    for (const [path, query] of byCells)
      assert.equal(await rowsOf(path, query), false, `${path} ${JSON.stringify(query)}`);
    const byRows: [string, Record<string, string>][] = [
      ['outcomes/revenue', { group_by: 'segment,month' }],
      ['outcomes/revenue', { segment: 'smb', from: '2022-02-01' }],
      ['outcomes/revenue', { segment: 'smb', region: 'north' }],
      ['outcomes/revenue', { from: '2022-01-01T00:00:00.001Z' }],
      ['outcomes/revenue', { as_of: at(400) }],
      ['analytics/scores', { group_by: 'segment,region' }],
      ['outcomes/retention/curve', { group_by: 'segment' }],
    ];
    for (const [path, query] of byRows)
      assert.equal(await rowsOf(path, query), true, `${path} ${JSON.stringify(query)}`);
    // A dimension with too many values has left the cells.
    assert.equal(await rowsOf('outcomes/revenue', { group_by: 'segment' }), false);
    await world.db.write((client) => client.rows(`update refresh_state set dropped_cuboids = '{segment}'`));
    for (const path of paths) assert.equal(await rowsOf(path, { group_by: 'segment' }), true, path);
  },
});
