import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import type { Cidr } from '../config.ts';

/** Decides which addresses webhooks may reach. */
export interface Targets {
  /** Why a url can never be called, as far as it shows without DNS; undefined where nothing stands against it. */
  refusal(url: URL): string | undefined;
  /** Resolves the host of a url to the addresses that may be reached; an error where none is left. */
  lookupFor(url: URL): LookupFunction;
}

/** Resolves a name to all its addresses. */
export type Resolve = (
  hostname: string,
  options: LookupOptions & { all: true },
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

// IANA's registries of special-purpose addresses: what is not a host on the public internet.
const special4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
const special6 = [
  '::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];

/** BlockList reads an IPv4 address that is mapped into IPv6 (::ffff:0:0/96) as the IPv4 address. */
const special = new BlockList();
for (const range of special4) {
  const [address = '', prefix] = range.split('/');
  special.addSubnet(address, Number(prefix), 'ipv4');
  // The same network behind a translator (NAT64, RFC 6052).
  special.addSubnet(`64:ff9b::${address}`, 96 + Number(prefix), 'ipv6');
}
for (const range of special6) {
  const [address = '', prefix] = range.split('/');
  special.addSubnet(address, Number(prefix), 'ipv6');
}

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
const cure = 'The setting WEBHOOK_ALLOW lists the private networks that webhooks may reach.';

/** What the error of a refused name carries, to tell it from one of DNS. */
export const refusedCode = 'ERR_TARGET_REFUSED';

const refused = (message: string) => Object.assign(new Error(message), { code: refusedCode });

/** The address in a url that names one: the URL parser has turned every notation (`0x7f.1`, `2130706433`) into one. */
function literalIn({ hostname }: URL): string | undefined {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) === 0 ? undefined : bare;
}

type Resolved = Parameters<Resolve>[2];

/**
 * Asks for a name once at a time, however many want to know: Node looks up two names at a time and no more, so a name
 * whose servers are silent, asked for by each of its deliveries, would keep the names of all others waiting.
 */
function oneAtATime(resolve: Resolve): Resolve {
  const underWay = new Map<string, Resolved[]>();
  return (hostname, options, done) => {
    const others = underWay.get(hostname);
    if (others) return void others.push(done);
    const asking = [done];
    underWay.set(hostname, asking);
    resolve(hostname, options, (error, addresses) => {
      underWay.delete(hostname);
      for (const tell of asking) tell(error, addresses);
    });
  };
}

/**
 * Webhooks go to hosts of the public internet over https, and to the networks of `allow` over http too. Addresses in
 * urls are judged at once, names when the connection is made, by the very addresses that it is made to: a name that
 * resolves to something else a moment later gains nothing.
 */
export function targetsOf(allow: readonly Cidr[], resolve: Resolve = systemLookup): Targets {
  const lookUp = oneAtATime(resolve);
  const allowed = new BlockList();
  for (const { address, prefix, family } of allow) allowed.addSubnet(address, prefix, family);

  const may = (protocol: string, given: string) => {
    // A link-local address can come with its zone.
    const [address = ''] = given.split('%', 1);
    if (isIP(address) === 0) return false;
    const family = familyOf(address);
    return allowed.check(address, family) || (protocol === 'https:' && !special.check(address, family));
  };
  const why = (url: URL, addresses: readonly string[]) =>
    url.protocol === 'http:'
      ? `${url.hostname} is not in a network that may be reached over http. Use https. ${cure}`
      : `${url.hostname} is ${addresses.join(', ')}: not a host on the public internet. ${cure}`;

  return {
    refusal(url) {
      if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'The url must begin with https://.';
      if (url.username !== '' || url.password !== '')
        return 'The url must not hold a user or password: who may call is proved by the signature.';
      if (url.protocol === 'http:' && allow.length === 0) return `The url must begin with https://. ${cure}`;
      const literal = literalIn(url);
      return literal === undefined || may(url.protocol, literal) ? undefined : why(url, [literal]);
    },

    lookupFor(url) {
      return (hostname, options, done) => {
        lookUp(hostname, { ...options, all: true }, (error, addresses) => {
          if (error) return done(error, []);
          const reachable = addresses.filter(({ address }) => may(url.protocol, address));
          const [first] = reachable;
          if (first === undefined)
            return done(
              refused(
                why(
                  url,
                  addresses.map(({ address }) => address),
                ),
              ),
              [],
            );
          if (options.all) done(null, reachable);
          else done(null, first.address, first.family);
        });
      };
    },
  };
}
