import fastifyRateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { tooManyRequests } from '../errors.ts';

const windowMs = 60_000;

/** How many requests without a good key an address may send a minute: enough for a dashboard whose key has expired. */
const refusedPerMinute = 300;

/** Counts requests. A refused one throws an `ApiError` 429 with `Retry-After`. */
export interface RateLimits {
  /**
   * Before the key of a request is looked up: refuses an address that sent too many bad ones.
   * @param isKnown whether the key was good lately, which makes the request welcome from any address
   */
  beforeKey(request: FastifyRequest, isKnown: () => boolean): Promise<void> | undefined;
  /** The request had no good key: counts it for its address. */
  badKey(request: FastifyRequest): Promise<void>;
  /** The request has a good key: counts it for that key, and tells in headers what is left. */
  goodKey(request: FastifyRequest, reply: FastifyReply): Promise<void>;
}

const none: RateLimits = { beforeKey: () => undefined, badKey: async () => {}, goodKey: async () => {} };

/**
 * Limits how many requests a minute a key may send, and how many without a good key an address: to look those up costs
 * the database a query each. The minute begins with the first request and the count with it. Counted in this process
 * only, so several api processes allow as many times as much.
 *
 * Headers as in draft-ietf-httpapi-ratelimit-headers-10, of which the library knows an older form only:
 * `RateLimit-Policy: "key";q=6000;w=60` (quota, window in seconds) and `RateLimit: "key";r=5999;t=42` (requests that
 * remain, seconds until they are renewed).
 * @param perMinute requests a minute of one key; 0 is without limits
 */
export async function newRateLimits(app: FastifyInstance, perMinute: number): Promise<RateLimits> {
  if (perMinute === 0) return none;
  await app.register(fastifyRateLimit, { global: false });
  const ofKey = app.createRateLimit({
    max: perMinute,
    timeWindow: windowMs,
    keyGenerator: ({ caller }) => caller.key_id,
  });
  const ofAddress = app.createRateLimit({ max: refusedPerMinute, timeWindow: windowMs });
  const policy = `"key";q=${perMinute};w=${windowMs / 1000}`;
  // Most of the time nobody sends bad keys, and then no address need be looked up.
  let quietFrom = 0;
  const refuseAddress = async (request: FastifyRequest) => {
    const count = await ofAddress(request, { increment: false });
    if (!count.isAllowed && count.remaining === 0)
      throw tooManyRequests(
        `Your address sent ${refusedPerMinute} requests without a good API key within a minute. Mend the key and wait ${count.ttlInSeconds} seconds.`,
        count.ttlInSeconds,
      );
  };

  return {
    beforeKey: (request, isKnown) => (Date.now() >= quietFrom || isKnown() ? undefined : refuseAddress(request)),
    async badKey(request) {
      quietFrom = Date.now() + windowMs;
      await ofAddress(request);
    },
    async goodKey(request, reply) {
      const count = await ofKey(request);
      if (count.isAllowed) return;
      reply.header('ratelimit-policy', policy);
      reply.header('ratelimit', `"key";r=${count.remaining};t=${count.ttlInSeconds}`);
      if (count.isExceeded)
        throw tooManyRequests(
          `The API key sent its ${perMinute} requests of this minute. Go on in ${count.ttlInSeconds} seconds; many rows go in one request.`,
          count.ttlInSeconds,
        );
    },
  };
}
