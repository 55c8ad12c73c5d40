import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isCalendarDate, isTimestamp } from '../../src/http/formats.ts';

describe('moments', () => {
  for (const text of [
    '2026-03-01T09:30:00Z',
    '2026-03-01T09:30:00.1Z',
    '2026-03-01T09:30:00.123456789Z',
    '2026-03-01T10:30:00+01:00',
    '2026-03-01T10:30:00.250-09:30',
    '2024-02-29T23:59:59+14:00',
    '2000-02-29T00:00:00-00:00',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999Z',
    '9999-12-31T23:59:59+14:00',
  ])
    it(`takes ${text}`, () => assert.equal(isTimestamp(text), true));

  for (const [text, why] of [
    ['2026-02-30T09:30:00Z', 'February has no 30th'],
    ['2023-02-29T09:30:00Z', 'no leap year'],
    ['1900-02-29T09:30:00Z', 'no leap year though divisible by four'],
    ['2026-13-01T09:30:00Z', 'month 13'],
    ['2026-00-01T09:30:00Z', 'month 0'],
    ['2026-04-31T09:30:00Z', 'April has 30 days'],
    ['2026-03-01T24:00:00Z', 'hour 24'],
    ['2026-03-01T09:60:00Z', 'minute 60'],
    ['2016-12-31T23:59:60Z', 'a leap second'],
    ['2026-03-01', 'no time'],
    ['2026-03-01T09:30Z', 'no seconds'],
    ['2026-03-01T09:30:00', 'no offset'],
    ['2026-03-01 09:30:00Z', 'a blank for T'],
    ['2026-03-01t09:30:00z', 'small letters'],
    ['2026-03-01T09:30:00.Z', 'a point without decimals'],
    ['2026-03-01T09:30:00.1234567890Z', 'ten decimals'],
    ['2026-03-01T09:30:00,5Z', 'a comma'],
    ['2026-03-01T09:30:00+0100', 'an offset without a colon'],
    ['2026-03-01T09:30:00+15:00', 'an offset that PostgreSQL takes and nobody has'],
    ['2026-03-01T09:30:00+01:60', 'minute 60 of an offset'],
    ['2026-03-01T09:30:00Z ', 'a blank behind'],
    [' 2026-03-01T09:30:00Z', 'a blank before'],
    ['+2026-03-01T09:30:00Z', 'a sign'],
    ['12026-03-01T09:30:00Z', 'a year of five digits'],
    ['0000-03-01T09:30:00Z', 'the year 0'],
    ['2026-3-1T09:30:00.000000Z', 'single digits'],
    ['2026-+1-01T09:30:00Z', 'a sign within'],
    ['２026-03-01T09:30:00Z', 'another digit of Unicode'],
    ['9999-12-31T23:59:59-01:00', 'the year 10000 in UTC'],
    ['0001-01-01T00:00:00+01:00', 'the year 0 in UTC'],
    ['', 'nothing'],
  ] as const)
    it(`refuses ${why}: '${text}'`, () => assert.equal(isTimestamp(text), false));

  it('takes what JavaScript writes for any moment of the years 1 to 9999', () => {
    const moments = fc.date({ min: new Date('0001-01-02'), max: new Date('9999-12-30'), noInvalidDate: true });
    fc.assert(fc.property(moments, (moment) => isTimestamp(moment.toISOString())));
  });

  it('agrees with the calendar of JavaScript about every day it is asked for', () => {
    const part = (most: number) => fc.integer({ min: 0, max: most }).map((n) => String(n).padStart(2, '0'));
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: 9998 }), part(13), part(32), (year, month, day) => {
        const text = `${year}-${month}-${day}`;
        const parsed = new Date(`${text}T00:00:00Z`);
        const exists = !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(text);
        return isCalendarDate(text) === exists && isTimestamp(`${text}T12:00:00Z`) === exists;
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('calendar days', () => {
  it('takes a day and nothing behind it', () => {
    assert.equal(isCalendarDate('2026-02-28'), true);
    for (const text of ['2026-02-29', '2026-02-28T00:00:00Z', '2026-2-28', '2026/02/28', '0000-01-01', '2026-02-2'])
      assert.equal(isCalendarDate(text), false, text);
  });
});
