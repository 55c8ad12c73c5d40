import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError, forbidden, unauthorized } from '../errors.ts';
import type { RateLimits } from './rate-limits.ts';

/**
 * What a key may do. `ingest`: send and remove facts. `read`: lists and answers, without personal data. `personal`:
 * the same with personal data. `manage`: create and change what the organisation manages; reads, but does not ingest.
 * `scorecard`: the scorecard and nothing else, for a link on a wall. `admin`: everything, and the keys.
 */
export const scopes = ['ingest', 'read', 'personal', 'manage', 'scorecard', 'admin'] as const;
export type Scope = (typeof scopes)[number];

const implied: Record<Scope, readonly Scope[]> = {
  ingest: ['ingest'],
  read: ['read', 'scorecard'],
  personal: ['personal', 'read', 'scorecard'],
  manage: ['manage', 'read', 'scorecard'],
  scorecard: ['scorecard'],
  admin: scopes,
};

/** Who asks: the key, and all that its scopes allow. */
export interface Caller {
  readonly key_id: string;
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  /** The units that the key is limited to, with all below them; null: none, it is for the whole organisation. */
  readonly units: readonly string[] | null;
  may(scope: Scope): boolean;
}

/** A caller with the given scopes and all that they imply. */
export function callerOf({
  key_id,
  name,
  scopes: granted,
  units = null,
}: {
  key_id: string;
  name: string;
  scopes: readonly Scope[];
  units?: readonly string[] | null;
}): Caller {
  const all = new Set(granted.flatMap((scope) => implied[scope]));
  return { key_id, name, scopes: all, units, may: (scope) => all.has(scope) };
}

/**
 * Finds the caller that a key belongs to; undefined when there is none.
 * @throws ApiError 401 with a code of its own for a key that was good once: who holds it has proved that it did.
 */
export type FindKey = (token: string) => Promise<Caller | undefined>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the caller must be allowed; `public` asks for no key. A route without it stops the boot. */
    scope?: Scope | 'public';
    /**
     * What the route is to a key that is limited to units. `own`: it sees to it that the key gets at nothing but their
     * rows. `everybody`: what it tells is of no unit. Without it such a key is refused, so that nothing is shown because
     * somebody forgot.
     */
    units?: 'own' | 'everybody';
    /** Takes the key as a Basic password too, for BI tools that can do nothing else. */
    basic?: boolean;
  }
  interface FastifyRequest {
    caller: Caller;
  }
}

/** Who sends a request, as rows and the audit log name it: the name of its key, and the id of the request. */
export const authorOf = (request: FastifyRequest): { name: string; request_id: string } => ({
  name: request.caller.name,
  request_id: String(request.id),
});

/** What depends on who reads. */
export interface Reader {
  /** Whether personal data is shown. */
  readonly personal: boolean;
  /** See `Caller`. */
  readonly units: readonly string[] | null;
}

/** What the caller of a request may see. */
export const readerOf = ({ caller }: FastifyRequest): Reader => ({
  personal: caller.may('personal'),
  units: caller.units,
});

const nobody = callerOf({ key_id: '', name: '', scopes: [] });

/** Whether a route was made by the Swagger UI, which cannot name a scope for its own pages. */
export const isDocumentation = (url: string) => url === '/docs' || url.startsWith('/docs/');

/** The key in an Authorization header; undefined when there is none of a kind that the route takes. */
function tokenIn(header: string | undefined, basic: boolean): string | undefined {
  const [, kind = '', credentials = ''] = /^(\w+) +(\S+) *$/.exec(header ?? '') ?? [];
  if (kind.toLowerCase() === 'bearer') return credentials;
  if (kind.toLowerCase() !== 'basic' || !basic) return undefined;
  const decoded = Buffer.from(credentials, 'base64').toString();
  const colon = decoded.indexOf(':');
  return colon < 0 || colon === decoded.length - 1 ? undefined : decoded.slice(colon + 1);
}

/** Adds the challenge that makes spreadsheets and BI tools ask for a password; elsewhere browsers would. */
function withBasicChallenge(error: ApiError): ApiError {
  const bearer = error.headers['www-authenticate'] ?? 'Bearer realm="milemarker"';
  return new ApiError(error.status, error.code, error.message, {
    errors: error.errors,
    headers: { ...error.headers, 'www-authenticate': `Basic realm="milemarker", charset="UTF-8", ${bearer}` },
  });
}

async function identify(
  request: FastifyRequest,
  basic: boolean,
  { findKey, knowsKey, limits }: ScopeOptions,
): Promise<Caller> {
  const token = tokenIn(request.headers.authorization, basic);
  // Who shares an address with a sender of bad keys goes on.
  const refusal = limits.beforeKey(request, () => token !== undefined && knowsKey(token));
  if (refusal !== undefined) await refusal;
  try {
    if (token === undefined)
      throw unauthorized(
        'key_missing',
        `Send an API key: Authorization: Bearer <key>${basic ? ', or Basic with the key as the password' : ''}.`,
      );
    const caller = await findKey(token);
    if (caller === undefined) throw unauthorized('key_unknown', 'The API key is not known here.');
    return caller;
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 401)) throw error;
    await limits.badKey(request);
    throw basic ? withBasicChallenge(error) : error;
  }
}

interface ScopeOptions {
  findKey: FindKey;
  /** Whether a key was good lately, so that it costs nothing to look it up again. */
  knowsKey: (token: string) => boolean;
  limits: RateLimits;
}

/**
 * Asks every request for a key with the scope of its route, before the body is read. 401 without a good key, 403 that
 * names the scope which is lacking, or for a key limited to units where the route knows no such limit, 429 for a key
 * that asks too often or an address that sends too many bad ones.
 */
export function addScopes(app: FastifyInstance, options: ScopeOptions): void {
  app.addHook('onRoute', (route) => {
    if (isDocumentation(route.url)) route.config = { ...route.config, scope: 'public' };
    const scope = route.config?.scope;
    if (scope === undefined || ![...scopes, 'public'].includes(scope))
      throw new Error(`${route.method} ${route.url} names no scope. Say in its config who may call it.`);
  });
  app.decorateRequest('caller');
  app.addHook('onRequest', async (request, reply) => {
    request.caller = nobody;
    const { scope, basic = false, units } = request.routeOptions.config;
    if (scope === 'public' || request.is404) return;
    request.caller = await identify(request, basic, options);
    await options.limits.goodKey(request, reply);
    // A route that got past the boot without a scope would be a fault; then nobody but an admin may.
    const needed = scope ?? 'admin';
    if (!request.caller.may(needed))
      throw forbidden(
        'scope_missing',
        `This needs a key with the scope '${needed}'; this key has ${[...request.caller.scopes].join(', ') || 'none'}.`,
      );
    if (request.caller.units !== null && units === undefined)
      throw forbidden(
        'limited_to_units',
        'This concerns the whole organisation, and this key is limited to some of its units. Ask an admin for a key without that limit.',
      );
  });
}
