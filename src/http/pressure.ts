import { getHeapStatistics } from 'node:v8';
import fastifyUnderPressure from '@fastify/under-pressure';
import type { FastifyInstance } from 'fastify';
import { unavailable } from '../errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answers also while the process has too much to do: for what orchestrators and operators look at then. */
    under_pressure?: 'answers';
  }
}

/** How often the delay and the memory are looked at. */
const sampleMs = 1_000;
/** One long turn of the loop, of the start or of a large body, is no overload: it must be so at the next look too. */
const patienceMs = 1.5 * sampleMs;
const forgottenMs = 10_000;
const retryAfterSeconds = 5;
/** Of the memory that V8 may use: from there on it collects garbage most of the time, and soon the process ends. */
const mostOfHeap = 0.9;

/**
 * Refuses new requests with 503 and `Retry-After` while each turn of the event loop takes longer than `maxDelayMs` on
 * average for more than a second, or the heap is 90% full: what runs gets done, and what comes is told at once and not
 * left waiting. Streams under way go on. `/health/ready` is refused too, so that traffic goes to other processes.
 * @param maxDelayMs 0 is without this limit and without that of the heap
 */
export async function addPressure(app: FastifyInstance, maxDelayMs: number): Promise<void> {
  if (maxDelayMs === 0) return;
  let since: number | undefined;
  let last = 0;
  const lasts = () => {
    const now = Date.now();
    if (since === undefined || now - last > forgottenMs) since = now;
    last = now;
    return now - since >= patienceMs;
  };
  await app.register(fastifyUnderPressure, {
    maxEventLoopDelay: maxDelayMs,
    maxHeapUsedBytes: getHeapStatistics().heap_size_limit * mostOfHeap,
    sampleInterval: sampleMs,
    // It returns a promise, since the plugin does not pass on what is thrown.
    pressureHandler: async (request) => {
      if (request.routeOptions.config.under_pressure === 'answers' || !lasts()) return;
      throw unavailable(
        'under_pressure',
        `The service has more to do than it can. Try again in ${retryAfterSeconds} seconds.`,
        retryAfterSeconds,
      );
    },
  });
  app.addHook('onRequest', (_request, _reply, done) => {
    if (!app.isUnderPressure()) since = undefined;
    done();
  });
}
