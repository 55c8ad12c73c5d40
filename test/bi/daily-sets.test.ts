import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refresh } from '../../src/outcomes/refresh.ts';
import { testApi } from '../support/api.ts';

const segments = ['', 'smb', 'mid', 'large'];
const scores = [0, 3, 6, 7, 9, 10];
/** 4 segments and 6 scores: 24 kinds of answers a day, and the middle day has each of them in 8 channels, 192. */
const answers = [0, 1, 2].flatMap((day) =>
  Array.from({ length: day === 1 ? 8 : 1 }, (_, channel) => channel).flatMap((channel) =>
    segments.flatMap((segment) =>
      scores.flatMap((score) => {
        const kind = {
          day: `2024-03-0${day + 1}`,
          segment,
          score,
          channel: `channel-${String(channel)}`,
        };
        // As many answers of a kind as its score says, and one: so that no two sums are alike by chance.
        return Array.from({ length: score + 1 }, () => kind);
      }),
    ),
  ),
);
type Row = Record<string, string | number>;

test('A walk of the daily sets equals one page of them, also where a day is longer than a page', async (t) => {
  const api = await testApi(t);
  await api.facts('surveys', [{ key: 'nps', name: 'NPS', kind: 'nps' }]);
  await api.facts(
    'customers',
    segments.filter((one) => one).map((segment) => ({ id: segment, segment })),
  );
  await api.facts(
    'responses',
    answers.map(({ day, segment, score, channel }, n) => ({
      id: `A-${n}`,
      ...(segment && { customer_id: segment }),
      survey: 'nps',
      score,
      channel,
      answered_at: `${day}T12:00:00Z`,
    })),
  );
  await refresh(api.db);

  const walk = async (path: string, size: number): Promise<Row[]> => {
    const rows: Row[] = [];
    for (let next: string | undefined = path; next !== undefined; ) {
      const reply = await api.send('GET', next.replace('http://milemarker.test', ''), undefined, {
        prefer: `odata.maxpagesize=${size}`,
      });
      assert.equal(reply.status, 200, reply.text);
      rows.push(...reply.body.value);
      next = reply.body['@odata.nextLink'];
    }
    return rows;
  };

  // By hand from what was sent: how many answers of each kind.
  const kinds = new Map<string, number>();
  for (const { day, channel, score, segment } of answers) {
    const kind = [day, channel, score, segment].join();
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  assert.equal(kinds.size, 24 + 192 + 24);
  const kindOf = (row: Row) => [row.answered_on, row.channel, row.score, row.segment].join();

  await t.test('scores', async () => {
    const whole = await walk('/odata/v1/daily_scores', 10_000);
    assert.deepEqual(new Map(whole.map((row) => [kindOf(row), row.responses])), kinds);
    for (const row of whole) assert.equal(row.score_total, Number(row.score) * Number(row.responses));
    for (const size of [24, 25, 100])
      assert.deepEqual(await walk('/odata/v1/daily_scores', size), whole, `pages of ${size}`);
    for (const order of ['answered_on desc,channel desc', 'responses desc,segment']) {
      const path = `/odata/v1/daily_scores?$orderby=${order}&$filter=score ne 7`;
      const page = await walk(path, 10_000);
      assert.equal(page.length, 20 * (1 + 8 + 1));
      assert.deepEqual(await walk(path, 61), page, order);
    }
  });

  await t.test('outcomes', async () => {
    const whole = await walk('/odata/v1/daily_outcomes', 10_000);
    const windows = new Set(whole.map((row) => row.window_days));
    assert.ok(windows.size > 1);
    // Of the 6 scores 3 are detractors and 2 promoters, so 12 kinds by band in each channel and window.
    assert.equal(whole.length, windows.size * (12 + 12 * 8 + 12));
    for (const window of windows) {
      const rows = whole.filter((row) => row.window_days === window);
      const sum = rows.reduce((all, row) => all + Number(row.responses), 0);
      assert.equal(sum, answers.length);
    }
    for (const size of [36, 100]) assert.deepEqual(await walk('/odata/v1/daily_outcomes', size), whole, `${size}`);
  });
});
