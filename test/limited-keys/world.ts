/** A company of two halves that have nothing in common, and keys that are limited to one of them. */
import assert from 'node:assert/strict';
import { alignmentReviews } from '../../src/modules/alignment-reviews/alignment-review.ts';
import { observations } from '../../src/modules/behaviours/observation.ts';
import { empowermentActions } from '../../src/modules/empowerment-actions/empowerment-action.ts';
import { goals as goalNoun } from '../../src/modules/goals/goal.ts';
import { obstacles } from '../../src/modules/obstacles/obstacle.ts';
import { suggestions } from '../../src/modules/suggestions/suggestion.ts';
import { visionChecks } from '../../src/modules/vision-checks/vision-check.ts';
import type { Api, Reply } from '../support/api.ts';

type Row = Record<string, unknown>;
type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

/** What people note in a unit, and the field that says in whose. */
const ofUnits = [
  [obstacles, 'description'],
  [suggestions, 'text'],
  [empowermentActions, 'given'],
  [visionChecks, 'note'],
  [alignmentReviews, 'evidence'],
  [observations, 'note'],
] as const;

/** Asks with one key. */
export type Ask = (method: Method, url: string, body?: unknown, headers?: Record<string, string>) => Promise<Reply>;

/** Makes a key and what asks with it. */
export async function keyFor(api: Api, units: string[] | null, scopes = ['personal', 'ingest', 'manage']) {
  const { status, body, text } = await api.send('POST', '/v1/keys', { name: 'limited', scopes, units });
  assert.equal(status, 201, text);
  const ask: Ask = (method, url, sent, headers = {}) =>
    api.send(method, url, sent, { ...headers, authorization: `Bearer ${body.secret}` });
  return { ask, secret: String(body.secret) };
}

const day = (n: number) => new Date(Date.UTC(2025, 0, 1 + n)).toISOString();

/** What a half is made of: every text in it begins with its name. */
function halfOf(half: string): Record<string, Row[]> {
  const unit = `${half}-1`;
  const ids = [1, 2, 3, 4, 5, 6];
  const customers = ids.map((n) => ({
    id: `${half}-C${n}`,
    name: `${half} Ada`,
    email: `${half}@example.com`,
    segment: `${half}-segment`,
    region: `${half}-region`,
    unit,
    acquisition: 'referral',
    attributes: { [`${half}-plan`]: half },
  }));
  const answer = (n: number, survey: string, score: number): Row => ({
    id: `${half}-${survey}${n}`,
    customer_id: `${half}-C${n}`,
    survey,
    score,
    comment: `${half} says: late again`,
    themes: ['late', `${half}-theme`],
    moment: `${half}-moment`,
    unit,
    employee: `${half}-employee`,
    channel: `${half}-channel`,
    answered_at: day(100 + n),
  });
  return {
    units: [
      { key: half, name: `${half} half`, parent: 'top', kind: 'half' },
      { key: unit, name: `${half} store`, parent: half, kind: `${half}-store` },
    ],
    customers,
    invitations: [
      ...ids.map((n) => ({
        id: `${half}-I${n}`,
        customer_id: `${half}-C${n}`,
        survey: 'nps',
        moment: `${half}-moment`,
        unit,
        sent_at: day(99),
        status: 'delivered',
      })),
      { id: `${half}-I-none`, customer_id: `${half}-C1`, survey: 'nps', sent_at: day(98), status: 'delivered' },
    ],
    responses: [
      ...ids.flatMap((n) => [answer(n, 'nps', n * 2 - 2), answer(n, 'csat', (n % 5) + 1)]),
      { ...answer(1, 'nps', 4), id: `${half}-A-none`, unit: null },
    ],
    'revenue-events': [
      ...ids.flatMap((n) =>
        [40, 110 + n, 420 + n].map((at) => ({
          id: `${half}-P${n}-${at}`,
          customer_id: `${half}-C${n}`,
          type: 'one_time',
          amount: `${n * 10}.00`,
          currency: 'EUR',
          product: `${half}-product`,
          unit,
          occurred_at: day(at),
        })),
      ),
      {
        id: `${half}-P-none`,
        customer_id: `${half}-C1`,
        type: 'one_time',
        amount: '7.00',
        currency: 'EUR',
        occurred_at: day(41),
      },
    ],
    referrals: [{ id: `${half}-R1`, referrer_id: `${half}-C1`, referred_id: `${half}-C2`, made_at: day(120) }],
    'retention-events': [
      { id: `${half}-E1`, customer_id: `${half}-C1`, type: 'started', occurred_at: day(10) },
      {
        id: `${half}-E2`,
        customer_id: `${half}-C1`,
        type: 'churned',
        reason: `${half}-reason`,
        occurred_at: day(130),
      },
    ],
  };
}

/** What is of no unit at all: nobody who is limited sees it. It bears the name of the other half. */
const nobodys: Record<string, Row[]> = {
  customers: [{ id: 'SOUTH-nobody', name: 'SOUTH nobody' }],
  responses: [
    { id: 'SOUTH-anonymous', survey: 'nps', score: 3, comment: 'SOUTH anonymous', answered_at: day(100) },
    { id: 'SOUTH-A-nobody', customer_id: 'SOUTH-nobody', survey: 'nps', score: 3, answered_at: day(100) },
  ],
  referrals: [{ id: 'SOUTH-R-nobody', referrer_id: 'SOUTH-nobody', referred_id: 'NORTH-C3', made_at: day(120) }],
};

/** Makes two halves, NORTH and SOUTH, and what both share: surveys, a rate, a problem, a moment, a rule. */
export async function twoHalves(api: Api): Promise<{
  followUps: Record<string, string>;
  goals: Record<string, string>;
  /** The ids of what people noted, by the path of the noun and the half. */
  made: Record<string, Record<string, string>>;
}> {
  const done = async (method: Method, url: string, body: unknown) => {
    const reply = await api.send(method, url, body);
    assert.ok(reply.status < 300, `${method} ${url}: ${reply.text}`);
    return reply.body;
  };
  await api.facts('units', [{ key: 'top', name: 'The company' }]);
  await api.facts('surveys', [
    { key: 'nps', name: 'Would you recommend us?', kind: 'nps' },
    { key: 'csat', name: 'How was it?', kind: 'csat' },
  ]);
  await api.facts('exchange-rates', [
    { from_currency: 'USD', to_currency: 'EUR', valid_on: '2025-02-11', rate: '0.92' },
  ]);
  await done('POST', '/v1/problems', { key: 'late', name: 'Late', themes: ['late'] });
  await done('POST', '/v1/moments', { key: 'visit', name: 'Visit' });
  await done('PUT', '/v1/surveys/csat/follow-up-rule', { bands: ['detractor'] });
  const halves = [halfOf('NORTH'), halfOf('SOUTH'), nobodys];
  for (const path of ['units', 'customers', 'invitations', 'responses', 'revenue-events', 'referrals'])
    await api.facts(
      path,
      halves.flatMap((half) => half[path] ?? []),
    );
  await api.facts(
    'retention-events',
    halves.flatMap((half) => half['retention-events'] ?? []),
  );
  for (const path of ['responses', 'revenue-events', 'referrals', 'retention-events'])
    await done('PUT', `/v1/datasets/${path}/complete-through`, { complete_through: day(500) });
  const followUps: Record<string, string> = {};
  const made: Record<string, Record<string, string>> = {};
  for (const half of ['NORTH', 'SOUTH']) {
    const { id } = await done('POST', '/v1/follow-ups', {
      customer_id: `${half}-C1`,
      response_id: `${half}-nps1`,
      owner: `${half}-owner`,
      note: `${half} note`,
    });
    followUps[half] = id;
    for (const [{ path, example }, field] of ofUnits) {
      const { moment: _, customer_id: __, ...rest } = example as Row;
      const { id } = await done('POST', `/v1/${path}`, { ...rest, unit: `${half}-1`, [field]: `${half} note` });
      made[path] = { ...made[path], [half]: id };
    }
  }
  const vision = await done('POST', '/v1/visions', { statement: 'Everybody leaves with an answer.' });
  const current = await api.send('POST', `/v1/visions/${vision.id}/publish`, undefined, { 'if-match': '*' });
  assert.equal(current.status, 200, current.text);
  await done('POST', '/v1/mile-markers', { key: 'calls', name: 'Calls', source: 'readings', cadence: 'month' });
  const read = (unit: string | null) => ({
    ...{ mile_marker: 'calls', period_start_on: '2025-03-01', unit, numerator: 8, denominator: 10 },
    note: `${unit ?? 'SOUTH and all'} note`,
  });
  await api.facts('readings', ['NORTH-1', 'SOUTH-1', null].map(read));
  const goals: Record<string, string> = {};
  for (const half of ['NORTH', 'SOUTH']) {
    const goal = {
      ...goalNoun.example,
      name: `${half} goal`,
      mile_marker: 'calls',
      outcome_mile_marker: null,
      unit: `${half}-1`,
      // It stands on the scorecard whenever this runs.
      ends_on: '2999-06-30',
    };
    const { id } = await done('POST', '/v1/goals', goal);
    goals[half] = id;
    const exception = 'It shows what a key sees of it.';
    const { status, text } = await api.send('POST', `/v1/goals/${id}/publish`, { exception }, { 'if-match': '*' });
    assert.equal(status, 200, text);
  }
  return { followUps, goals, made };
}
