import assert from 'node:assert/strict';
import { wilson } from '../real-data/figures.ts';
import { near } from '../stats/near.ts';
import { at, type Row, rate, type World, worlds } from '../support/world.ts';

async function make(world: World, path: string, rows: Row[]): Promise<string[]> {
  const ids: string[] = [];
  for (const row of rows) {
    const { status, body, text } = await world.send('POST', `/v1/${path}`, row);
    assert.equal(status, 201, text);
    ids.push(body.id);
  }
  return ids;
}

const answered = (days: number, status: string) => ({ status, answer: 'Thank you', answered_at: at(days) });
const fixed = (days: number) => ({ status: 'fixed', fixed_at: at(days) });

/** Two stores, one of them in the north, in January and February 2022. */
async function fill(world: World): Promise<void> {
  await world.facts('units', [
    { key: 'north', name: 'North' },
    { key: 'store-1', name: 'Store 1', parent: 'north' },
    { key: 'store-2', name: 'Store 2' },
  ]);
  await world.facts('exchange-rates', [rate({ valid_on: '2022-01-03' })]);
  const suggestion = (row: Row) => ({ text: 'Print them at night.', made_at: at(0), unit: 'store-1', ...row });
  await make(world, 'suggestions', [
    suggestion({ by: 'Ines', ...answered(2, 'incorporated') }),
    suggestion({ by: 'Tom', ...answered(4, 'declined') }),
    suggestion({ made_at: at(10), ...answered(16, 'considering') }),
    suggestion({ by: 'Ines', made_at: at(40), unit: 'store-2' }),
  ]);
  const obstacle = (row: Row) => ({ title: 'The printer jams', raised_at: at(0), raised_by: 'Tom', ...row });
  await make(world, 'obstacles', [
    obstacle({ unit: 'store-1', ...fixed(10) }),
    obstacle({ unit: 'store-1', ...fixed(30) }),
    obstacle({ unit: 'store-2', raised_at: at(5), status: 'declined', declined_reason: 'Too dear' }),
  ]);
  const action = (row: Row) => ({ by: 'Ines', given: 'A free night', acted_at: at(3), unit: 'store-1', ...row });
  await make(world, 'empowerment-actions', [
    action({ value: '80', limit_amount: '100', currency: 'EUR', follow_up_avoided: true }),
    // 45 EUR at 0.9.
    action({ by: 'Tom', value: '50', limit_amount: '40', currency: 'USD', follow_up_avoided: false }),
    action({ unit: 'store-2', acted_at: at(33) }),
    // No rate is known.
    action({ unit: 'store-2', value: '10', currency: 'CHF', follow_up_avoided: true }),
  ]);
}

const voice = (world: World, query: Record<string, string | number> = {}) =>
  world.ask('analytics/employee-voice', query);
const rows = (data: Row[], ...columns: string[]) => data.map((row) => columns.map((column) => row[column]));

worlds('GET /v1/analytics/employee-voice', {
  async 'by hand: answers, fixes and what was put right on the spot'(world) {
    await fill(world);
    const answer = await voice(world);
    const [row] = answer.data;
    assert.deepEqual(
      rows(answer.data, 'employees', 'suggestions', 'suggestions_answered', 'suggestions_incorporated', 'withheld'),
      [[2, 4, 3, 1, null]],
    );
    assert.deepEqual(
      [row.answered_rate, row.answered_rate_n, row.incorporated_rate, row.incorporated_rate_n],
      [0.75, 4, 0.333333, 3],
    );
    near(row.answered_rate_low, wilson(3, 4).low);
    near(row.incorporated_rate_high, wilson(1, 3).high);
    // Answers after 2, 4 and 6 days, and one that waits since: the curve is 0.75, 0.5 and 0.25. Its lower limit is
    // 0.128 at 2 days: 0.75^e, with e = exp(1.96 sqrt(1/12) / 0.2877) = 7.147. The upper one is still 0.665 at 6 days.
    assert.deepEqual([row.days_to_answer, row.days_to_answer_low, row.days_to_answer_high], [4, 2, null]);
    // Fixes after 10 and 30 days, and one that was declined and is never fixed: the curve is 0.667 and 0.333. Without
    // the declined one half would be fixed after 10 days.
    assert.deepEqual([row.obstacles, row.obstacles_fixed, row.obstacles_declined, row.days_to_fix], [3, 2, 1, 30]);
    // Within the limit 80 of 100 EUR, beyond it 50 of 40 USD, unknown for the others; 80 + 45 EUR; 2 of 3 avoided one.
    assert.deepEqual(
      [row.empowerment_actions, row.within_limit_rate, row.within_limit_rate_n, row.value, row.value_n],
      [4, 0.5, 2, 125, 2],
    );
    assert.deepEqual([row.follow_up_avoided_rate, row.follow_up_avoided_rate_n], [0.666667, 3]);
    assert.deepEqual(answer.left_out, [{ reason: 'value_without_exchange_rate', empowerment_actions: 1 }]);
    const limits = (successes: number, n: number) => {
      const { low, high } = wilson(successes, n);
      return `(95% interval ${(100 * low).toFixed(1)}% to ${(100 * high).toFixed(1)}%)`;
    };
    assert.equal(
      answer.reads_as,
      `4 suggestions were made; 75.0% ${limits(3, 4)} are answered, and half had an answer within 4.0 days. Of the 3 that were answered, 33.3% ${limits(1, 3)} are incorporated. 3 obstacles were raised, of which 2 are fixed, half of all within 30.0 days. Employees put something right on the spot 4 times: worth 125.00 EUR in all; 50.0% ${limits(1, 2)} within the limit; 66.7% ${limits(2, 3)} of those of which it is known made a follow-up unnecessary.`,
    );
  },

  async 'by unit, below a unit, by month and within a period'(world) {
    await fill(world);
    const counts = ['suggestions', 'obstacles', 'empowerment_actions', 'value'];
    const byUnit = await voice(world, { group_by: 'unit' });
    assert.deepEqual(rows(byUnit.data, 'unit', ...counts), [
      ['store-1', 3, 2, 2, 125],
      ['store-2', 1, 1, 2, null],
    ]);
    const north = await voice(world, { unit: 'north' });
    assert.deepEqual(rows(north.data, ...counts), [[3, 2, 2, 125]]);
    assert.match(north.reads_as, /^Only unit north: 3 suggestions were made; 100\.0%/);
    const byMonth = await voice(world, { group_by: 'month' });
    assert.deepEqual(rows(byMonth.data, 'month', ...counts), [
      ['2022-01', 3, 3, 3, 125],
      ['2022-02', 1, 0, 1, null],
    ]);
    const february = await voice(world, { from: '2022-02-01', to: '2022-03-01' });
    assert.equal(
      february.reads_as,
      'Only from 2022-02-01, before 2022-03-01: One suggestion was made; 0.0% (95% interval 0.0% to 79.3%) are answered, and fewer than half have an answer so far. No obstacle was raised. Employees put something right on the spot once.',
    );
    // Half an hour before February in UTC is February in Berlin.
    await make(world, 'suggestions', [{ text: 'x', made_at: '2022-01-31T23:30:00Z' }]);
    await world.settings({ time_zone: 'Europe/Berlin' });
    const berlin = await voice(world, { group_by: 'month,unit' });
    assert.deepEqual(rows(berlin.data, 'month', 'unit', 'suggestions'), [
      ['2022-01', 'store-1', 3],
      ['2022-01', 'store-2', 0],
      ['2022-02', 'store-2', 1],
      ['2022-02', null, 1],
    ]);
    const csv = await world.send('GET', '/v1/analytics/employee-voice?group_by=unit&format=csv');
    assert.match(csv.text, /^unit,employees,suggestions,/);
  },

  async 'nothing is no zero, archived rows do not count, and few tell no shares'(world) {
    const nothing = await voice(world);
    assert.equal(nothing.reads_as, 'No suggestion, no obstacle and no empowerment action was recorded.');
    assert.deepEqual(rows(nothing.data, 'suggestions', 'answered_rate', 'days_to_answer', 'value'), [
      [0, null, null, null],
    ]);
    assert.deepEqual((await voice(world, { group_by: 'unit' })).data, []);
    await fill(world);
    const [id] = await make(world, 'suggestions', [{ text: 'x' }]);
    await world.send('DELETE', `/v1/suggestions/${id}`, undefined, { 'if-match': '*' });
    const few = await voice(world, { min_n: 4 });
    assert.deepEqual(few.left_out[0], { reason: 'archived', suggestions: 1 });
    assert.deepEqual(
      rows(
        few.data,
        'suggestions',
        'answered_rate',
        'incorporated_rate',
        'incorporated_rate_n',
        'days_to_fix',
        'value',
      ),
      [[4, 0.75, null, 3, null, null]],
    );
    assert.equal(few.data[0].withheld, null);
    assert.equal(
      (await voice(world, { min_n: 5 })).data[0].withheld,
      'fewer than 5 suggestions, obstacles and actions',
    );
    const { status, body } = await world.send('GET', '/v1/analytics/employee-voice?group_by=colour');
    assert.deepEqual([status, body.code, body.errors[0].pointer], [400, 'unknown_grouping', 'group_by']);
  },

  async 'few employees are not told of to who may not see people'(world) {
    await fill(world);
    const { body } = await world.send('POST', '/v1/keys', { name: 'BI', scopes: ['read'] });
    const headers = { authorization: `Bearer ${body.secret}` };
    const ask = async (query: string) =>
      (await world.send('GET', `/v1/analytics/employee-voice?min_n=1${query}`, undefined, headers)).body;
    // Ines, Tom and one who is not named.
    const hidden = await ask('');
    assert.equal(hidden.reads_as, 'Too few employees took part to tell anything about them.');
    assert.deepEqual(rows(hidden.data, 'suggestions', 'employees', 'value_n', 'withheld'), [
      [null, null, null, 'fewer than 5 people, or a group that would give one away'],
    ]);
    const more = ['Ada', 'Bo', 'Cy'].map((by) => ({ text: 'x', by, unit: 'store-1', made_at: at(20) }));
    await make(world, 'suggestions', more);
    const whole = await ask('');
    assert.deepEqual(rows(whole.data, 'suggestions', 'employees'), [[7, 5]]);
    // In store-2 there are Ines and Tom: with the other store it could be told from the whole, so both are hidden.
    const byUnit = await ask('&group_by=unit');
    assert.deepEqual(rows(byUnit.data, 'unit', 'suggestions'), [
      ['store-1', null],
      ['store-2', null],
    ]);
  },
});
