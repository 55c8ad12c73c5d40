import assert from 'node:assert/strict';
import { test } from 'node:test';
import { near, nearFigure, nearP, netPromoters, normalP, sum } from './figures.ts';
import {
  answersOf,
  type Cells,
  missing,
  readCsv,
  type Service,
  shuffled,
  startService,
  verifyNoDifference,
} from './loader.ts';

// The yearly survey of the airport of San Francisco. Passengers stay anonymous; the unit is their boarding area.
const years = ['2017', '2018'];
const terminals = { international: ['A', 'G'], domestic: ['B', 'C', 'D', 'E', 'F'] };

function facts(): Cells[] {
  return years.flatMap((year) =>
    readCsv('sfo_airport', `${year}_SFO_Customer_Survey.csv`).map(
      ({ RESPNUM, BAREA = '', INTDATE = '', NETPRO = '' }) => ({
        id: `${year}-${RESPNUM}`,
        survey: 'recommend',
        score: NETPRO,
        unit: BAREA,
        // The files know the day of May only.
        answered_at: `${year}-05-${INTDATE.padStart(2, '0')}T12:00:00-07:00`,
      }),
    ),
  );
}

/** 11 stands for no answer, like a blank. */
const isAnswer = ({ score }: Cells) => score !== '' && score !== '11';

function countBands(responses: readonly Cells[]): [promoters: number, passives: number, detractors: number] {
  const count = (low: number, high: number) =>
    responses.filter(({ score }) => Number(score) >= low && Number(score) <= high).length;
  return [count(9, 10), count(7, 8), count(0, 6)];
}

async function startAirport(t: Parameters<typeof startService>[0]): Promise<Service> {
  const service = await startService(t);
  await service.put('surveys/recommend', { name: 'Would you recommend the airport?', kind: 'nps' });
  for (const [terminal, areas] of Object.entries(terminals))
    for (const area of areas) await service.put(`units/${area}`, { name: `Boarding area ${area}`, parent: terminal });
  for (const terminal of Object.keys(terminals)) await service.put(`units/${terminal}`, { name: terminal });
  return service;
}

const questions = [
  '/v1/analytics/scores?group_by=year,unit',
  '/v1/analytics/scores?unit=domestic',
  '/v1/outcomes/summary',
];

test('airport: the NPS fell from 39.84 to 30.98, and what is no answer is no score', {
  skip: missing('sfo_airport'),
}, async (t) => {
  const sent = facts();
  const answered = sent.filter(isAnswer);
  const inYear = (year: string) => answered.filter(({ id }) => String(id).startsWith(year));
  const service = await startAirport(t);

  await t.test('243 times 11 and one blank are rejected', async () => {
    const report = await service.send('responses', sent, 'csv', '?on_error=skip');
    assert.deepEqual([report.created, report.rejected], [answered.length, 244]);
    assert.deepEqual(
      report.errors.map(({ row, code }) => [row, code]),
      sent.flatMap((one, at) => (isAnswer(one) ? [] : [[at + 2, one.score === '' ? 'required' : 'off_scale']])),
    );
  });
  await service.settle();

  await t.test('39.84 (SE 1.33) and 30.98 (SE 1.44) differ by -8.86', async () => {
    const answer = await service.ask('/v1/analytics/scores?group_by=year');
    const found = years.map((year, at) => {
      const row = answer.data[at];
      assert.ok(row && row.year === year);
      const { nps, se, ...interval } = netPromoters(...countBands(inYear(year)));
      assert.deepEqual([nps.toFixed(2), se.toFixed(2)], at === 0 ? ['39.84', '1.33'] : ['30.98', '1.44']);
      nearFigure(row, 'nps', nps, interval, year);
      return { nps, se };
    });
    const [before, now] = found;
    assert.ok(before && now && answer.data.length === 2);
    const difference = now.nps - before.nps;
    const half = 1.959963985 * Math.hypot(now.se, before.se);
    const [row] = answer.comparisons;
    assert.ok(row && answer.comparisons.length === 1);
    assert.deepEqual([row.year, row.against, row.difference.toFixed(2)], ['2018', '2017', '-8.86']);
    nearFigure(row, 'difference', difference, { low: difference - half, high: difference + half }, 'difference');
    nearP(row.p, normalP(difference / Math.hypot(now.se, before.se)), 'p');
  });

  await t.test('a terminal is the sum of its boarding areas', async () => {
    for (const [terminal, areas] of Object.entries(terminals)) {
      const { data } = await service.ask(`/v1/analytics/scores?unit=${terminal}`);
      const own = answered.filter(({ unit }) => areas.includes(String(unit)));
      const { nps } = netPromoters(...countBands(own));
      assert.deepEqual([data.length, data[0]?.responses], [1, own.length]);
      near(data[0]?.nps, nps, terminal);
    }
  });

  await t.test('the fall is one of the scores inside the boarding areas, not of their mix', async () => {
    const answer = await service.ask('/v1/analytics/mix?survey=recommend&by=unit&from=2018-01-01&to=2019-01-01');
    const [before, now] = [inYear('2017'), inYear('2018')];
    const areas = [...new Set(answered.map(({ unit }) => unit))];
    const npsOf = (responses: readonly Cells[]) => netPromoters(...countBands(responses)).nps;
    const parts = areas.map((area) => {
      const [then, after] = [before, now].map((year) => year.filter(({ unit }) => unit === area));
      assert.ok(then?.length && after?.length);
      const [share, shareAfter] = [then.length / before.length, after.length / now.length];
      return {
        mix: ((shareAfter - share) * (npsOf(then) + npsOf(after))) / 2,
        score: ((share + shareAfter) / 2) * (npsOf(after) - npsOf(then)),
      };
    });
    const [mix, score] = [sum(parts.map((one) => one.mix)), sum(parts.map((one) => one.score))];
    const expected = { change: npsOf(now) - npsOf(before), mix, score };
    for (const { effect, difference } of answer.comparisons)
      near(difference, expected[effect as keyof typeof expected], effect);
    assert.equal(answer.comparisons.length, 3);
    near(sum(answer.data.map((row) => row.mix_effect)), mix, 'the mix effects of the areas');
    near(sum(answer.data.map((row) => row.score_effect)), score, 'the score effects of the areas');
    assert.match(
      answer.reads_as,
      /^The NPS of 'recommend' fell by 8\.9 points, from 39\.8 in the period from 2017-01-01 to 31\.0/,
    );
  });

  await t.test('nobody is known, so that no outcome is told', async () => {
    const { data, left_out } = await service.ask('/v1/outcomes/revenue');
    assert.deepEqual([data, left_out], [[], [{ reason: 'anonymous', responses: answered.length }]]);
  });

  await t.test('nothing differs from the raw facts', () => verifyNoDifference(service.db));

  await t.test('sent again, and to another service in another order, it gives the same answers', async (inner) => {
    const before = await answersOf(service, questions);
    assert.equal((await service.send('responses', answered, 'csv')).unchanged, answered.length);
    await service.settle();
    assert.deepEqual(await answersOf(service, questions), before);

    const other = await startAirport(inner);
    await other.send('responses', shuffled(answered));
    await other.settle();
    assert.deepEqual(await answersOf(other, questions), before);
  });
});
