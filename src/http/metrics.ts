import type { FastifyInstance } from 'fastify';
import { Histogram, Registry } from 'prom-client';

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * What this app counts for Prometheus, told at `/metrics`. Modules add their own:
     * `new Counter({ name: 'milemarker_..._total', help, labelNames, registers: [app.metrics] })`. Labels have few values
     * and name no person.
     */
    metrics: Registry;
  }
}

// Answers take milliseconds, a stream of facts may take half an hour.
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120, 600];

/**
 * Gives the app a registry of its own, and measures every request by its method, the pattern of its route (none where no
 * route takes it) and the status of its answer.
 */
export function addRequestMetrics(app: FastifyInstance): void {
  const registry = new Registry();
  app.decorate('metrics', registry);
  const seconds = new Histogram({
    name: 'milemarker_http_request_duration_seconds',
    help: 'How long requests took, from their head to the last byte of the answer. `_count` is how many there were.',
    labelNames: ['method', 'route', 'status'],
    buckets,
    registers: [registry],
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions } = request;
    seconds.observe({ method, route: routeOptions.url ?? 'none', status: reply.statusCode }, reply.elapsedTime / 1_000);
    done();
  });
}
