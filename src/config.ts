import { resolve } from 'node:path';

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

/**
 * Reads the settings from the environment: the only place that does. An empty value counts as not set.
 * @throws Error that names the setting and what it may be.
 */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const get = (name: string) => env[name]?.trim() || undefined;
  const port = Number(get('PORT') ?? '4000');
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`PORT must be a whole number from 0 to 65535; it is '${get('PORT')}'.`);
  return {
    host: get('HOST') ?? '127.0.0.1',
    port,
    data_dir: resolve(get('DATA_DIR') ?? '.data'),
    database_url: url('DATABASE_URL', get('DATABASE_URL'), ['postgres:', 'postgresql:']),
    public_url: url('PUBLIC_URL', get('PUBLIC_URL'), ['http:', 'https:'])?.replace(/\/+$/, ''),
    log_level: oneOf('LOG_LEVEL', get('LOG_LEVEL'), logLevels, 'info'),
    role: oneOf('ROLE', get('ROLE'), roles, 'all'),
    admin_key: get('ADMIN_KEY'),
  };
}
