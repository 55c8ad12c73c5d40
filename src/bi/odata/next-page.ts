import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Server } from '../../http/server.ts';

const pageSize = { usual: 5_000, most: 10_000 };

/** Where a page begins: what its token holds. */
export interface Place {
  /** How many of `$top` are left; null without one. */
  left: number | null;
  /** What `$count` found at the first page: it stays the same on the way, and is not worked out for each page. */
  total: number | null;
  /** The order's values of the last row before it. */
  after: (string | null)[];
}

/** The options of an address that a token belongs to: all but the token itself, with or without `$`. */
function boundTo(request: FastifyRequest): object {
  const asked = Object.entries(request.query as object).map(([name, value]) => [name.replace(/^\$/, ''), value]);
  return { ...Object.fromEntries(asked.filter(([name]) => name !== 'skiptoken')), '': request.url.split('?', 1)[0] };
}

/** Reads the token of an address. @throws ApiError 400 for one that was altered or belongs to another address */
export function placeOf(app: Server, request: FastifyRequest, token: string): Place {
  const [left = null, total = null, ...after] = app.paging.open(token, boundTo(request));
  const count = (value: typeof left) => (value === null ? null : Number(value));
  return { left: count(left), total: count(total), after: after.map((one) => (one === null ? null : String(one))) };
}

/** The address of the page that begins at a place: the address that was asked, with a token. */
export function nextLink(app: Server, request: FastifyRequest, { left, total, after }: Place): string {
  const [path = '', query = ''] = request.url.split('?');
  const parameters = new URLSearchParams(query);
  parameters.delete('skiptoken');
  parameters.set('$skiptoken', app.paging.seal([left, total, ...after], boundTo(request)));
  // As a plus sign, a space would be read as one by those that go by RFC 3986.
  const written = parameters.toString().replaceAll('%24', '$').replaceAll('+', '%20');
  return `${app.paging.origin(request)}${path}?${written}`;
}

/** How many rows a page has: what the client prefers, within limits. Tells the client so. */
export function pageSizeFor(request: FastifyRequest, reply: FastifyReply): number {
  const [, preferred] =
    /(?:^|[,;\s])(?:odata\.)?maxpagesize=(\d{1,9})/i.exec(String(request.headers.prefer ?? '')) ?? [];
  if (preferred === undefined) return pageSize.usual;
  const size = Math.max(1, Math.min(pageSize.most, Number(preferred)));
  reply.header('preference-applied', `odata.maxpagesize=${size}`);
  return size;
}
