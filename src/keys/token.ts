import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const prefixLength = 8;
const secretLength = 32;
const checksumLength = 6;
const shape = new RegExp(`^mm_[0-9A-Za-z]{${prefixLength + secretLength + checksumLength}}$`);

/** Letters and digits, each equally likely: 5.95 bits a character, so 190 bits in the secret part. */
function randomText(length: number): string {
  let text = '';
  while (text.length < length)
    for (const byte of randomBytes(length)) if (byte < 248 && text.length < length) text += alphabet[byte % 62];
  return text;
}

/** CRC-32 in letters and digits. It finds slips of the pen, not forgeries. */
function checksumOf(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let i = 0; i < checksumLength; i++) {
    digits = alphabet[rest % 62] + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}

/** A new API key: `mm_`, eight characters by which it is known, 32 secret ones, and six of checksum. */
export function newToken(): string {
  const body = `mm_${randomText(prefixLength + secretLength)}`;
  return body + checksumOf(body);
}

/** Whether a text begins like a key of ours and is none: cut off, or mistyped. No database is asked then. */
export const isMistyped = (token: string): boolean =>
  token.startsWith('mm_') &&
  !(shape.test(token) && checksumOf(token.slice(0, -checksumLength)) === token.slice(-checksumLength));

/** sha256 as hex: what is kept of a key. A key is long and random, so it needs no slow hash. */
export const hashOf = (token: string): string => hash('sha256', token);

/** The part of a key that may be shown; of a secret in a form of its own (ADMIN_KEY), the beginning of its hash. */
export const prefixOf = (token: string): string =>
  token.startsWith('mm_') ? token.slice(0, 3 + prefixLength) : `preset_${hashOf(token).slice(0, 12)}`;

/** Whether two hashes are the same, in a time that does not tell how much of them is. */
export const sameHash = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
