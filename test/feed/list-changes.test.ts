import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Value } from 'typebox/value';
import { cutSnapshot } from '../../src/feed/list-changes.ts';
import { decodeCursor, encodeCursor } from '../../src/http/cursor.ts';
import { Cursor } from '../../src/http/schemas.ts';

/** A snapshot as PostgreSQL writes it: of transactions below `next`, those that run are not seen. */
const snapshotOf = (running: readonly number[], next: number) => `${running[0] ?? next}:${next}:${running.join(',')}`;

function sees(snapshot: string, xid: number): boolean {
  const [, next, running = ''] = snapshot.split(':');
  return xid < Number(next) && !running.split(',').includes(String(xid));
}

test('a cursor stays short enough for an address, however many transactions run', () => {
  // A thousand of them, on a server that has seen many.
  const running = Array.from({ length: 1_000 }, (_, n) => 90_000_000_000_000 + n * 7);
  const snapshot = cutSnapshot(snapshotOf(running, 90_000_000_100_000));
  const values = [snapshot, snapshot, '90000000100000', '😀'.repeat(128), 1, 'u'.repeat(22)];
  const cursor = encodeCursor('secret', { values, query: {} });
  assert.ok(Value.Check(Cursor, cursor), `${cursor.length} characters`);
  assert.deepEqual(decodeCursor('secret', cursor, {}), values);
});

test('a snapshot with few running transactions stays as it is', () => {
  for (const running of [[], [5], Array.from({ length: 80 }, (_, n) => 10 + n)])
    assert.equal(cutSnapshot(snapshotOf(running, 200)), snapshotOf(running, 200));
});

test('who follows from one cut snapshot to the next is told of every transaction once', () => {
  // Each step: so many begin, those at these places among the running ones end, and the follower looks.
  const steps = fc.array(
    fc.record({ begin: fc.integer({ min: 0, max: 150 }), end: fc.array(fc.nat({ max: 300 }), { maxLength: 120 }) }),
    { minLength: 1, maxLength: 12 },
  );
  fc.assert(
    fc.property(steps, (history) => {
      let next = 1;
      let running: number[] = [];
      let told: string | undefined;
      const tellings = new Map<number, number>();
      const look = () => {
        const telling = cutSnapshot(snapshotOf(running, next));
        for (let xid = 1; xid < next; xid++) {
          const before = told !== undefined && sees(told, xid);
          if (before) assert.ok(sees(telling, xid), `${xid} was seen by ${told} and is not by ${telling}`);
          else if (sees(telling, xid)) {
            assert.ok(!running.includes(xid), `${xid} still runs`);
            tellings.set(xid, (tellings.get(xid) ?? 0) + 1);
          }
        }
        told = telling;
      };
      for (const { begin, end } of history) {
        for (let n = 0; n < begin; n++) running.push(next++);
        const ended = new Set(end.map((place) => running[place]));
        running = running.filter((xid) => !ended.has(xid));
        look();
      }
      running = [];
      look();
      assert.deepEqual(
        [...tellings].sort(([a], [b]) => a - b),
        Array.from({ length: next - 1 }, (_, n) => [n + 1, 1]),
      );
    }),
    { numRuns: 60 },
  );
});
