import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Type } from 'typebox';
import { addHealth } from '../../src/http/health.ts';
import { closed } from '../../src/http/schemas.ts';
import { described, trialServer } from './trial.ts';

const config = { scope: 'public' } as const;
const response = { 200: closed({ ok: Type.Boolean() }) };

/** Keeps the event loop from everything else for so long. */
function block(ms: number): void {
  const end = Date.now() + ms;
  while (Date.now() < end);
}

/** Has every turn of the loop take 400 ms until it is stopped. */
function drown(): () => void {
  let stopped = false;
  const turn = () => {
    block(400);
    if (!stopped) setTimeout(turn, 1);
  };
  turn();
  return () => {
    stopped = true;
  };
}

async function trial(t: TestContext, max_event_loop_delay_ms: number) {
  const app = await trialServer(
    t,
    (app) => {
      addHealth(app, async () => {});
      app.get('/a', { config, schema: { ...described(), response } }, async () => ({ ok: true }));
      app.get('/slow', { config, schema: { ...described(), response } }, async () => {
        await sleep(4_000);
        return { ok: true };
      });
    },
    { max_event_loop_delay_ms },
  );
  const status = async (url: string) => (await app.inject(url)).statusCode;
  /** Asks until a status comes; fails after ten seconds. */
  const until = async (url: string, wanted: number) => {
    for (const end = Date.now() + 10_000; Date.now() < end; await sleep(20)) if ((await status(url)) === wanted) return;
    assert.fail(`${url} never answered ${wanted}`);
  };
  return { app, status, until };
}

describe('a process with too much to do', { timeout: 60_000 }, () => {
  it('refuses new requests with a 503 problem, finishes what runs, and takes requests again afterwards', async (t) => {
    const { app, status, until } = await trial(t, 200);
    assert.equal(await status('/a'), 200);
    const running = app.inject('/slow');
    const stop = drown();
    try {
      await until('/a', 503);
      const refused = await app.inject('/a');
      assert.deepEqual(
        [refused.statusCode, refused.json().code, refused.headers['retry-after'], refused.headers['content-type']],
        [503, 'under_pressure', '5', 'application/problem+json'],
      );
      assert.equal(await status('/health/ready'), 503);
      assert.equal(await status('/health/live'), 200);
    } finally {
      stop();
    }
    assert.equal((await running).statusCode, 200, 'what ran was cut');
    await until('/a', 200);
    assert.equal(await status('/health/ready'), 200);
  });

  it('is not one that was held up once', async (t) => {
    const { app, status } = await trial(t, 200);
    block(1_500);
    // Whatever the look at the loop says of it, for as long as it does.
    let pressed = 0;
    for (const end = Date.now() + 1_300; Date.now() < end; await sleep(20)) {
      pressed += Number(app.isUnderPressure());
      assert.equal(await status('/a'), 200);
    }
    assert.ok(pressed > 0, 'the loop was not seen to be held up');
  });

  it('refuses nothing without a limit', async (t) => {
    const { status } = await trial(t, 0);
    const stop = drown();
    try {
      for (const end = Date.now() + 3_000; Date.now() < end; await sleep(20)) assert.equal(await status('/a'), 200);
    } finally {
      stop();
    }
  });
});
