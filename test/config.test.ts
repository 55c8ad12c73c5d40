import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../src/config.ts';

test('limits are on unless the settings say otherwise', () => {
  const { rate_limit_per_minute, max_event_loop_delay_ms, trust_proxy } = readConfig({ RATE_LIMIT_PER_MINUTE: ' ' });
  assert.deepEqual([rate_limit_per_minute, max_event_loop_delay_ms, trust_proxy], [6_000, 1_000, []]);
  const given = readConfig({
    RATE_LIMIT_PER_MINUTE: '0',
    MAX_EVENT_LOOP_DELAY_MS: '250',
    TRUST_PROXY: '10.0.0.0/8, 2001:db8::1',
  });
  assert.deepEqual(
    [given.rate_limit_per_minute, given.max_event_loop_delay_ms, given.trust_proxy],
    [0, 250, ['10.0.0.0/8', '2001:db8::1']],
  );
});

test('a setting that cannot be is refused with its name and what it may be', () => {
  const refused: [string, string, RegExp][] = [
    ['PORT', '65536', /^PORT must be a whole number from 0 to 65535; it is '65536'/],
    ['PORT', '-1', /^PORT must be a whole number/],
    ['PORT', '80a', /^PORT must be a whole number/],
    ['RATE_LIMIT_PER_MINUTE', 'none', /^RATE_LIMIT_PER_MINUTE must be a whole number from 0 to 1000000/],
    ['RATE_LIMIT_PER_MINUTE', '1.5', /^RATE_LIMIT_PER_MINUTE must be a whole number/],
    ['MAX_EVENT_LOOP_DELAY_MS', '1e9', /^MAX_EVENT_LOOP_DELAY_MS must be a whole number from 0 to 60000/],
    ['MAX_EXPORT_MB', '-1', /^MAX_EXPORT_MB must be a whole number from 0 to 1000000/],
    ['TRUST_PROXY', '10.0.0.0/33', /^TRUST_PROXY must list addresses or networks.* it has '10\.0\.0\.0\/33'/],
    ['TRUST_PROXY', '10.0.0.1, proxy', /^TRUST_PROXY must list .* it has 'proxy'/],
    ['TRUST_PROXY', 'true', /^TRUST_PROXY/],
    ['LOG_LEVEL', 'loud', /^LOG_LEVEL must be one of trace, debug/],
    ['DATABASE_URL', 'postgres://u:50%off@db/shop', /^DATABASE_URL cannot be read: .* % as %25\.$/],
    ['DATABASE_URL', 'postgres://u:se#cret@db/shop', /^DATABASE_URL cannot be read: it is postgres:\/\/user:password@/],
    ['DATABASE_URL', 'mysql://x', /^DATABASE_URL must be an address that begins with postgres:/],
  ];
  for (const [name, value, message] of refused)
    assert.throws(() => readConfig({ [name]: value }), { message }, `${name}=${value}`);
});
