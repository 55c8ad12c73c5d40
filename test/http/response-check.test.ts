import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Type } from 'typebox';
import { CalendarDate, closed, Decimal, Instant, nullable, pageOf } from '../../src/http/schemas.ts';
import { described, trialServer } from './trial.ts';

const Thing = Type.Object(
  {
    name: Type.String(),
    score: Type.Integer({ maximum: 10 }),
    made_at: Instant,
    gone_at: nullable(Instant),
    day: nullable(CalendarDate),
    amount: nullable(Type.Union([Decimal, Type.Integer()])),
    kind: nullable(Type.Enum(['a', 'b'])),
    inner: nullable(Type.Object({ n: Type.Integer() })),
  },
  { $id: 'TrialThing' },
);

const made_at = new Date('2026-03-01T09:30:00.250Z');
const good = { name: 'x', score: 3, made_at, gone_at: null, day: null, amount: null, kind: null, inner: null };

/** What a route that promises one page of things answers when its handler gives `data`. */
async function answerWith(t: TestContext, payload: unknown, { status = 200, check_responses = true } = {}) {
  const app = await trialServer(
    t,
    (app) =>
      app.get(
        '/things',
        { config: { scope: 'public' }, schema: { ...described(), response: { 200: pageOf(Thing), 201: closed({}) } } },
        // The compiler would catch most of what is tried here.
        async (_request, reply) =>
          reply
            .code(status as 200)
            .type('application/json')
            .send(payload as never),
      ),
    { check_responses },
  );
  return await app.inject('/things');
}

const page = (thing: object) => ({ page: { next: null, cursor: null }, data: [good, thing] });

describe('answers', () => {
  it('are written as their schema says, nulls and moments included', async (t) => {
    const full = { ...good, gone_at: made_at, day: '2026-03-01', amount: '1.50', kind: 'b', inner: { n: 1 } };
    const answer = await answerWith(t, page(full));
    assert.equal(answer.statusCode, 200, answer.body);
    const at = '2026-03-01T09:30:00.250Z';
    assert.deepEqual(answer.json().data, [
      { ...good, made_at: at },
      { ...full, made_at: at, gone_at: at },
    ]);
    assert.ok(answer.body.startsWith('{"page":{"next":null,'));
  });

  const wrong: [what: string, thing: object, says: RegExp][] = [
    ['null in a text that is never null', { ...good, name: null }, /data\/1\/name must be string/],
    ['null in a number that is never null', { ...good, score: null }, /data\/1\/score must be integer/],
    ['null in a moment that is never null', { ...good, made_at: null }, /made_at must be string/],
    ['not a number', { ...good, score: Number.NaN }, /score must be integer/],
    ['a text in a number', { ...good, score: '3' }, /score must be integer/],
    ['a number off its bounds', { ...good, score: 11 }, /score must be <= 10/],
    ['a field too few', { ...good, kind: undefined }, /must have required property 'kind'/],
    ['a field too many', { ...good, secret: 1 }, /must NOT have additional properties/],
    [
      'a field too many within a field',
      { ...good, inner: { n: 1, m: 2 } },
      /inner must NOT have additional properties/,
    ],
    ['another word than those promised', { ...good, kind: 'c' }, /kind must be equal to one of/],
  ];
  for (const [what, thing, says] of wrong)
    it(`with ${what} become a 500 in tests`, async (t) => {
      const answer = await answerWith(t, page(thing));
      assert.deepEqual([answer.statusCode, answer.json().code], [500, 'wrong_answer']);
      assert.match(answer.json().detail, /GET \/things answered 200/);
      assert.match(answer.json().detail, says);
    });

  it('that come as ready text are checked as well', async (t) => {
    const text = JSON.stringify(page({ ...good, name: null }));
    for (const payload of [text, Buffer.from(text)])
      assert.equal((await answerWith(t, payload)).json().code, 'wrong_answer');
    assert.equal((await answerWith(t, JSON.stringify(page(good)))).statusCode, 200);
  });

  it('with a status that the route does not promise become a 500 in tests', async (t) => {
    const answer = await answerWith(t, {}, { status: 202 });
    assert.match(answer.json().detail, /not among those it promises: 200, 201/);
  });

  it('are not checked when the setting is off', async (t) => {
    const answer = await answerWith(t, page({ ...good, name: null, secret: 1 }), { check_responses: false });
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.json().data[1].name, '');
  });
});
