import { isIP } from 'node:net';
import { resolve } from 'node:path';

/** A range of IP addresses: how it begins, and how many bits of that count. */
export interface Cidr {
  address: string;
  prefix: number;
  family: 'ipv4' | 'ipv6';
}

export interface Config {
  host: string;
  port: number;
  /** Where the embedded PostgreSQL and the first admin key live. */
  data_dir: string;
  /** A PostgreSQL server of one's own; without it an embedded one is started under `data_dir`. */
  database_url: string | undefined;
  /** The address that callers use, for links in answers; without it the request's own host. */
  public_url: string | undefined;
  log_level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** `api` answers HTTP, `worker` keeps the outcomes fresh, `all` does both. */
  role: 'all' | 'api' | 'worker';
  /** Presets the first admin key, so that other systems can be configured before the first start. */
  admin_key: string | undefined;
  /** How many requests a minute one API key may send to one process; 0 is without limit. */
  rate_limit_per_minute: number;
  /** From which mean delay of the event loop on requests get 503, in milliseconds; 0 is never. */
  max_event_loop_delay_ms: number;
  /** How large the file of one export may become, in MiB; 0 is without limit. */
  max_export_mb: number;
  /** Addresses and networks of proxies whose `X-Forwarded-*` headers are believed. */
  trust_proxy: readonly string[];
  /** Private networks that webhooks may reach, over http as well as https. */
  webhook_allow: Cidr[];
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const roles = ['all', 'api', 'worker'] as const;

function oneOf<T extends string>(name: string, value: string | undefined, allowed: readonly T[], otherwise: T): T {
  if (value === undefined) return otherwise;
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new Error(`${name} must be one of ${allowed.join(', ')}; it is '${value}'.`);
  return found;
}

function url(name: string, value: string | undefined, protocols: string[]): string | undefined {
  if (value === undefined) return undefined;
  const parsed = URL.canParse(value) ? new URL(value) : undefined;
  if (!parsed || !protocols.includes(parsed.protocol))
    throw new Error(`${name} must be an address that begins with ${protocols.map((p) => `${p}//`).join(' or ')}.`);
  return value;
}

function databaseUrl(value: string | undefined): string | undefined {
  const name = 'DATABASE_URL';
  if (value !== undefined && /^postgres(ql)?:/.test(value)) {
    const broken =
      !URL.canParse(value) || ![...value.matchAll(/%(.{0,2})/g)].every(([, hex]) => /^[0-9a-f]{2}$/i.test(hex ?? ''));
    if (broken)
      throw new Error(
        `${name} cannot be read: it is postgres://user:password@host:5432/database. Signs in a password such as % / ? # @ are written as their percent code, % as %25.`,
      );
  }
  return url(name, value, ['postgres:', 'postgresql:']);
}

function wholeNumber(name: string, value: string | undefined, most: number, otherwise: number): number {
  const number = value === undefined ? otherwise : /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= 0 && number <= most))
    throw new Error(`${name} must be a whole number from 0 to ${most}; it is '${value}'.`);
  return number;
}

function networks(name: string, value: string | undefined): string[] {
  const all = (value ?? '').split(',').flatMap((one) => one.trim() || []);
  for (const one of all) {
    const [address = '', bits, ...more] = one.split('/');
    const most = isIP(address) === 4 ? 32 : isIP(address) === 6 ? 128 : -1;
    if (most < 0 || more.length > 0 || (bits !== undefined && !(/^\d+$/.test(bits) && Number(bits) <= most)))
      throw new Error(
        `${name} must list addresses or networks, such as 10.0.0.0/8, separated by commas; it has '${one}'.`,
      );
  }
  return all;
}

function cidr(network: string): Cidr {
  const [address = '', bits] = network.split('/');
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
  return { address, prefix: Number(bits ?? (family === 'ipv4' ? 32 : 128)), family };
}

/**
 * Reads the settings from the environment: the only place that does. An empty value counts as not set.
 * @throws Error that names the setting and what it may be.
 */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const get = (name: string) => env[name]?.trim() || undefined;
  return {
    host: get('HOST') ?? '127.0.0.1',
    port: wholeNumber('PORT', get('PORT'), 65_535, 4_000),
    data_dir: resolve(get('DATA_DIR') ?? '.data'),
    database_url: databaseUrl(get('DATABASE_URL')),
    public_url: url('PUBLIC_URL', get('PUBLIC_URL'), ['http:', 'https:'])?.replace(/\/+$/, ''),
    log_level: oneOf('LOG_LEVEL', get('LOG_LEVEL'), logLevels, 'info'),
    role: oneOf('ROLE', get('ROLE'), roles, 'all'),
    admin_key: get('ADMIN_KEY'),
    rate_limit_per_minute: wholeNumber('RATE_LIMIT_PER_MINUTE', get('RATE_LIMIT_PER_MINUTE'), 1_000_000, 6_000),
    max_event_loop_delay_ms: wholeNumber('MAX_EVENT_LOOP_DELAY_MS', get('MAX_EVENT_LOOP_DELAY_MS'), 60_000, 1_000),
    max_export_mb: wholeNumber('MAX_EXPORT_MB', get('MAX_EXPORT_MB'), 1_000_000, 4_096),
    trust_proxy: networks('TRUST_PROXY', get('TRUST_PROXY')),
    webhook_allow: networks('WEBHOOK_ALLOW', get('WEBHOOK_ALLOW')).map(cidr),
  };
}
