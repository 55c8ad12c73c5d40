import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { ApiError, badRequest } from '../errors.ts';

/** The entity tag of a version: `"v3"`. */
const etagOf = (version: number): string => `"v${version}"`;

/**
 * The headers of a change that needs If-Match. The schema lets it be missing, since the answer to that is a 428 which says what
 * it is for.
 */
export const ifMatch = Type.Object({
  'if-match': Type.Optional(
    Type.String({
      description:
        'The `ETag` of the version that was seen, such as `"v3"`, or `*` for whichever there is. Without it 428; where the version has moved on, 412.',
    }),
  ),
});

/** The tags of an If-Match or If-None-Match header. */
export const tagsIn = (header: string): string[] => header.match(/(?:W\/)?"[^"]*"|\*/g) ?? [];

/**
 * Makes sure that the caller changes the version it has seen. `*` stands for any version; a weak tag never matches
 * (RFC 9110, 13.1.1: strong comparison).
 * @throws ApiError 428 without If-Match, 400 where it holds no ETag, 412 when the version has moved on
 */
export function requireMatch(request: FastifyRequest, version: number): void {
  const header = request.headers['if-match'];
  if (header === undefined)
    throw new ApiError(
      428,
      'if_match_missing',
      'Send If-Match with the ETag of the version that you have seen, so that no change of others is lost.',
    );
  const tags = tagsIn(header);
  if (tags.includes('*') || tags.includes(etagOf(version))) return;
  if (tags.length === 0)
    throw badRequest('bad_if_match', 'If-Match is the ETag as it was answered, with its quotes, such as "v3"; or *.');
  if (tags.includes(`W/${etagOf(version)}`))
    throw new ApiError(
      412,
      'weak_etag',
      `A weak ETag (W/...) never matches; something on the way may have weakened it. Send ${etagOf(version)}.`,
      { headers: { etag: etagOf(version) } },
    );
  throw new ApiError(
    412,
    'version_moved_on',
    `It has changed since: it is at ${etagOf(version)} now. Read it again and repeat the change.`,
    {
      headers: { etag: etagOf(version) },
    },
  );
}

/** The header of a route that answers with `versioned`. */
export const ifNoneMatch = Type.Object({
  'if-none-match': Type.Optional(
    Type.String({
      description: 'The ETag of the version that the caller has; while it is the latest, 304 is answered.',
    }),
  ),
});

/** What such a route answers then. */
export const notModified = { 304: Type.Null({ description: 'The version that the caller has is the latest.' }) };

/** Whether the caller has this version already (If-None-Match; RFC 9110, 13.1.2: weak comparison). */
function hasVersion(request: FastifyRequest, version: number): boolean {
  const tags = tagsIn(request.headers['if-none-match'] ?? '');
  return tags.includes('*') || tags.some((tag) => tag.replace(/^W\//, '') === etagOf(version));
}

/** A managed noun as a handler returns it, with its ETag. For one that shows more than its version knows of: no 304. */
export function tagged<T extends { version: number }>(reply: FastifyReply, noun: T): T {
  reply.headers({ etag: etagOf(noun.version), 'cache-control': 'private, no-cache' });
  return noun;
}

/**
 * A managed noun as a handler returns it, with its ETag. Where a reader has this version already, 304 is sent instead.
 */
export function versioned<T extends { version: number }>(request: FastifyRequest, reply: FastifyReply, noun: T): T {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  tagged(reply, noun);
  // To Fastify a returned reply says that it was sent; the caller passes it on without looking.
  return isRead && hasVersion(request, noun.version) ? (reply.code(304).send() as never) : noun;
}
