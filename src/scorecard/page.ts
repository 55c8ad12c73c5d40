import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Server } from '../http/server.ts';

const { resolve } = createRequire(import.meta.url);
const own = (name: string) => new URL(`page/${name}`, import.meta.url);

/** What the page is made of: the path, what it is, and the file. */
const files = [
  ['/scorecard', 'text/html; charset=utf-8', own('index.html')],
  ['/scorecard/page.js', 'text/javascript; charset=utf-8', own('page.js')],
  ['/scorecard/cards.js', 'text/javascript; charset=utf-8', own('cards.js')],
  ['/scorecard/chart.js', 'text/javascript; charset=utf-8', own('chart.js')],
  ['/scorecard/page.css', 'text/css; charset=utf-8', own('page.css')],
  ['/scorecard/uplot.js', 'text/javascript; charset=utf-8', resolve('uplot/dist/uPlot.esm.js')],
  ['/scorecard/uplot.css', 'text/css; charset=utf-8', resolve('uplot/dist/uPlot.min.css')],
] as const;

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

/**
 * `/scorecard`: the page for people, as it is, without a build. It holds no data; its script asks `/v1/scorecard` with
 * the key that it was given.
 */
export function addScorecardPage(app: Server): void {
  for (const [path, type, file] of files) {
    const content = readFileSync(file);
    const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
    app.get(path, { config: { scope: 'public' }, schema: { hide: true } }, async (request, reply) => {
      reply.headers({
        etag,
        'cache-control': 'no-cache',
        'content-security-policy': policy,
        'referrer-policy': 'no-referrer',
      });
      if (request.headers['if-none-match'] === etag) return reply.code(304).send();
      return reply.type(type).send(content);
    });
  }
}
