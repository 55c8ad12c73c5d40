import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { uuid7 } from '../../src/db/uuid7.ts';
import { hashOf, isMistyped, newToken, prefixOf, sameHash } from '../../src/keys/token.ts';

describe('a key', () => {
  it('is recognised by its beginning and differs every time', () => {
    const made = new Set(Array.from({ length: 1000 }, newToken));
    assert.equal(made.size, 1000);
    for (const token of made) {
      assert.match(token, /^mm_[0-9A-Za-z]{46}$/);
      assert.equal(isMistyped(token), false);
      assert.equal(prefixOf(token), token.slice(0, 11));
    }
  });

  it('uses all letters and digits about equally', () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 2000; i++)
      for (const letter of newToken().slice(3, 43)) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    assert.equal(counts.size, 62);
    // 1,290 of each are expected; five standard deviations are 180.
    for (const [letter, count] of counts) assert.ok(Math.abs(count - 1290) < 180, `${letter}: ${count}`);
  });

  it('has a checksum that finds every wrong, missing or swapped character', () => {
    const token = newToken();
    for (let at = 3; at < token.length; at++) {
      const other = token[at] === 'x' ? 'y' : 'x';
      assert.equal(isMistyped(token.slice(0, at) + other + token.slice(at + 1)), true);
      assert.equal(isMistyped(token.slice(0, at) + token.slice(at + 1)), true);
      const swapped = token.slice(0, at - 1) + token[at] + token[at - 1] + token.slice(at + 1);
      if (at > 3 && swapped !== token) assert.equal(isMistyped(swapped), true);
    }
    assert.equal(isMistyped('a secret of another form'), false);
  });

  it('cannot be told from what is kept and shown of it', () => {
    const secret = 'a plain secret of the operator';
    assert.equal(hashOf(secret), createHash('sha256').update(secret).digest('hex'));
    assert.match(prefixOf(secret), /^preset_[0-9a-f]{12}$/);
    assert.equal(sameHash(hashOf('a'), hashOf('a')), true);
    assert.equal(sameHash(hashOf('a'), hashOf('b')), false);
    assert.equal(sameHash(hashOf('a'), 'short'), false);
  });
});

describe('a UUID of version 7', () => {
  it('has the version and variant of RFC 9562, and begins with its time', () => {
    // The example of RFC 9562, A.6: the time, with random bits of our own.
    assert.match(uuid7(0x017f22e279b0), /^017f22e2-79b0-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const ids = Array.from({ length: 50 }, (_, i) => uuid7(1_700_000_000_000 + i));
    assert.deepEqual(ids.toSorted(), ids);
    assert.equal(new Set(Array.from({ length: 1000 }, () => uuid7(0))).size, 1000);
  });
});
