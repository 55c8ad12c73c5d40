import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { type FollowUp, kaplanMeier, logRank, medianSurvival, survivalAt } from '../../src/stats/survival.ts';
import { allFinite, near } from './near.ts';

function rows(durations: number[], events: number[]): FollowUp[] {
  return durations.map((duration, i) => ({ duration, event: events[i] === 1, count: 1 }));
}

const promoters = rows([90, 180, 200, 365, 365, 365, 365, 365], [0, 1]);
const passives = rows([60, 120, 150, 240, 365, 365, 365, 300], [1, 0, 1, 1]);
const detractors = rows([30, 45, 60, 90, 120, 200, 365, 365], [1, 1, 1, 0, 1, 1]);

// R's survival::aml: weeks to relapse of acute myelogenous leukemia, with and without maintenance chemotherapy.
const maintained = rows([9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161], [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0]);
const nonmaintained = rows([5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45], [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1]);

test('Kaplan-Meier gives the reference curves', () => {
  const [step, ...more] = kaplanMeier(promoters).points;
  assert.deepEqual([step?.time, step?.at_risk, step?.events, more.length], [180, 7, 1, 0]);
  near(step?.survival, 0.857143);
  near(step?.standard_error, 0.13226);
  near(step?.low, 0.334054);
  near(step?.high, 0.978561);

  const second = kaplanMeier(passives);
  [0.875, 0.729167, 0.583333].forEach((survival, i) => {
    near(second.points[i]?.survival, survival);
  });
  near(second.points[2]?.low, 0.180189);
  near(second.points[2]?.high, 0.844069);
  assert.deepEqual([second.n, second.events, second.points.length], [8, 3, 3]);

  const third = kaplanMeier(detractors).points;
  [0.875, 0.75, 0.625, 0.46875, 0.3125].forEach((survival, i) => {
    near(third[i]?.survival, survival, 1e-12);
  });
  near(third.at(-1)?.low, 0.047849);
  near(third.at(-1)?.high, 0.64077);
});

test("Kaplan-Meier gives R's table for aml, with the limits on the log(-log) scale", () => {
  const curve = kaplanMeier(maintained).points;
  const printed = [
    [9, 11, 0.909, 0.0867, 0.50808, 0.986674],
    [13, 10, 0.818, 0.1163, 0.447429, 0.951162],
    [18, 8, 0.716, 0.1397, 0.35019, 0.899024],
    [23, 7, 0.614, 0.1526, 0.265752, 0.835299],
    [31, 5, 0.491, 0.1642, 0.167331, 0.7534],
    [34, 4, 0.368, 0.1627, 0.09283, 0.657041],
    [48, 2, 0.184, 0.1535, 0.011738, 0.525015],
  ] as const;
  assert.equal(curve.length, printed.length);
  printed.forEach(([time, atRisk, survival, standardError, low, high], i) => {
    assert.deepEqual([curve[i]?.time, curve[i]?.at_risk], [time, atRisk]);
    near(curve[i]?.survival, survival, 5.1e-4);
    near(curve[i]?.standard_error, standardError, 5.1e-5);
    near(curve[i]?.low, low);
    near(curve[i]?.high, high);
  });
});

test('a curve that comes down to 0 has no interval there', () => {
  const curve = kaplanMeier(nonmaintained);
  const last = curve.points.at(-1);
  assert.deepEqual(last, { time: 45, at_risk: 1, events: 1, survival: 0, standard_error: null, low: null, high: null });
  assert.deepEqual(survivalAt(curve, 1000), { at_risk: 0, survival: 0, low: null, high: null });
  near(curve.points.at(-2)?.high, 0.348904);
});

test('rows with a count are the same as so many rows', () => {
  const added: FollowUp[] = [
    { duration: 365, event: false, count: 5 },
    { duration: 180, event: true, count: 1 },
    { duration: 90, event: false, count: 1 },
    { duration: 200, event: false, count: 1 },
    { duration: 10, event: true, count: 0 },
  ];
  assert.deepEqual(kaplanMeier(added), kaplanMeier(promoters));
});

test('a curve can be read at any time that somebody was followed to', () => {
  const curve = kaplanMeier(promoters);
  assert.deepEqual(survivalAt(curve, 0), { at_risk: 8, survival: 1, low: null, high: null });
  assert.equal(survivalAt(curve, 90)?.at_risk, 8);
  assert.equal(survivalAt(curve, 91)?.at_risk, 7);
  assert.equal(survivalAt(curve, 179)?.survival, 1);
  near(survivalAt(curve, 180)?.survival, 6 / 7, 1e-12);
  assert.equal(survivalAt(curve, 180)?.at_risk, 7);
  near(survivalAt(curve, 365)?.low, 0.334054);
  assert.equal(survivalAt(curve, 365)?.at_risk, 5);
  assert.equal(survivalAt(curve, 366), null);
});

test('nobody, nobody with an event, and one subject', () => {
  assert.deepEqual(kaplanMeier([]), { n: 0, events: 0, points: [], leaving: [] });
  assert.equal(survivalAt(kaplanMeier([]), 0), null);
  const censored = kaplanMeier(rows([3, 9], [0, 0]));
  assert.deepEqual([censored.n, censored.events, censored.points.length], [2, 0, 0]);
  assert.deepEqual(survivalAt(censored, 9), { at_risk: 1, survival: 1, low: null, high: null });
  assert.deepEqual(medianSurvival(censored), { median: null, low: null, high: null });
  const one = kaplanMeier(rows([0], [1]));
  assert.deepEqual([one.points[0]?.survival, one.points[0]?.standard_error], [0, null]);
  assert.deepEqual(medianSurvival(one), { median: 0, low: null, high: null });
});

test('medians are those of the reference', () => {
  assert.equal(medianSurvival(kaplanMeier(maintained)).median, 31);
  assert.deepEqual(medianSurvival(kaplanMeier(nonmaintained)), { median: 23, low: 5, high: 33 });
  assert.equal(medianSurvival(kaplanMeier(promoters)).median, null);
});

test('a curve that is exactly at one half has its median there, whatever the rounding', () => {
  for (const n of [2, 24, 38, 44, 46, 54, 100]) {
    const durations = Array.from({ length: n }, (_, i) => i + 1);
    assert.equal(
      medianSurvival(
        kaplanMeier(
          rows(
            durations,
            durations.map(() => 1),
          ),
        ),
      ).median,
      n / 2,
    );
  }
});

test('the log-rank test gives the reference figures', () => {
  const three = logRank([promoters, passives, detractors]);
  assert.deepEqual([three?.observed, three?.df], [[1, 3, 5], 2]);
  [3.546726, 3.279464, 2.17381].forEach((expected, i) => {
    near(three?.expected[i], expected);
  });
  near(three?.chi2, 5.68065);
  near(three?.p, 0.058407);
  const two = logRank([promoters, detractors]);
  near(two?.chi2, 4.831968);
  near(two?.p, 0.027937);
  assert.equal(two?.df, 1);
});

test("the log-rank test gives R's figures for aml", () => {
  const result = logRank([maintained, nonmaintained]);
  assert.deepEqual(result?.observed, [7, 11]);
  near(result?.expected[0], 10.689336);
  near(result?.expected[1], 7.310664);
  near(result?.chi2, 3.396389);
  near(result?.p, 0.065339);
});

test('the last one at risk adds an expected event and no variance', () => {
  const result = logRank([rows([1, 2], [1, 1]), rows([3], [1])]);
  // By hand: E = 2/3 + 1/2 + 0, V = 2/9 + 1/4 + 0.
  near(result?.expected[0], 7 / 6, 1e-12);
  near(result?.chi2, (2 - 7 / 6) ** 2 / (2 / 9 + 1 / 4), 1e-12);
});

test('a group without rows does not count towards the degrees of freedom', () => {
  const result = logRank([promoters, [], passives, detractors]);
  assert.deepEqual([result?.df, result?.observed], [2, [1, 0, 3, 5]]);
  near(result?.chi2, 5.68065);
});

test('the log-rank test is null with one group, without events, and where all have the event at once', () => {
  assert.equal(logRank([]), null);
  assert.equal(logRank([promoters]), null);
  assert.equal(logRank([promoters, []]), null);
  assert.equal(logRank([rows([3, 4], [0, 0]), rows([5], [0])]), null);
  assert.equal(logRank([rows([3, 3], [1, 1]), rows([3], [1])]), null);
  assert.equal(logRank([rows([3], [0]), rows([5], [1])]), null);
});

const followUps = fc.array(
  fc.record({ duration: fc.nat({ max: 30 }), event: fc.boolean(), count: fc.nat({ max: 1000 }) }),
  { maxLength: 30 },
);

test('a curve never rises, stays in [0, 1] inside its interval, and nobody is lost', () => {
  fc.assert(
    fc.property(followUps, (sample) => {
      const curve = kaplanMeier(sample);
      allFinite(curve);
      let last = 1;
      for (const { survival, low, high } of curve.points) {
        assert.ok(survival >= 0 && survival < last);
        last = survival;
        if (low !== null && high !== null) assert.ok(0 <= low && low <= survival && survival <= high && high <= 1);
      }
      assert.equal(
        curve.n,
        sample.reduce((sum, { count }) => sum + count, 0),
      );
      assert.equal(
        curve.leaving.reduce((sum, { count }) => sum + count, 0),
        curve.n,
      );
      assert.equal(
        curve.points.reduce((sum, { events }) => sum + events, 0),
        curve.events,
      );
      for (let time = 0; time <= 31; time += 1) allFinite(survivalAt(curve, time));
    }),
  );
});

test('without censoring the curve is the share that is left', () => {
  fc.assert(
    fc.property(followUps, (sample) => {
      const all = sample.map((row) => ({ ...row, event: true }));
      const curve = kaplanMeier(all);
      for (const { time, survival } of curve.points) {
        const left = all.reduce((sum, row) => (row.duration > time ? sum + row.count : sum), 0);
        near(survival, left / curve.n, 1e-9);
      }
    }),
  );
});

test('log-rank expects as many events as there were, and neither order nor names of the groups matter', () => {
  fc.assert(
    fc.property(followUps, followUps, followUps, (a, b, c) => {
      const result = logRank([a, b, c]);
      allFinite(result);
      const turned = logRank([c.toReversed(), a, b]);
      assert.equal(turned === null, result === null);
      if (!result || !turned) return;
      const total = (values: number[]) => values.reduce((sum, value) => sum + value, 0);
      near(total(result.expected) / total(result.observed), 1, 1e-9);
      near(turned.chi2, result.chi2, 1e-6 * (1 + result.chi2));
      assert.ok(result.chi2 >= 0 && result.p >= 0 && result.p <= 1);
    }),
  );
});

const lung = new URL('../../../shared/data/survival/lung.csv', import.meta.url);

test("the lung cancer data of R's survival package give its figures", {
  skip: existsSync(lung) ? false : 'lung.csv is not beside this checkout',
}, () => {
  const [header = '', ...lines] = readFileSync(lung, 'utf8').trim().split('\n');
  const names = header.replaceAll('"', '').split(',');
  const patients = lines.map((line) => {
    const cells = line.split(',');
    const cell = (name: string) => cells[names.indexOf(name)] ?? '';
    return {
      duration: Number(cell('time')),
      event: cell('status') === '2',
      count: 1,
      sex: cell('sex'),
      ecog: cell('ph.ecog'),
    };
  });
  const curve = kaplanMeier(patients);
  assert.deepEqual(medianSurvival(curve), { median: 310, low: 284, high: 361 });
  near(survivalAt(curve, 365)?.survival, 0.409242);
  near(survivalAt(curve, 365)?.low, 0.338714);
  const bySex = logRank(['1', '2'].map((sex) => patients.filter((patient) => patient.sex === sex)));
  assert.deepEqual(bySex?.observed, [112, 53]);
  near(bySex?.chi2, 10.326742);
  near(bySex?.p, 0.001311);
  const byEcog = logRank(['0', '1', '2', '3'].map((ecog) => patients.filter((patient) => patient.ecog === ecog)));
  assert.equal(byEcog?.df, 3);
  near(byEcog?.chi2, 21.962132);
});
