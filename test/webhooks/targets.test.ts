import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { describe, it } from 'node:test';
import { type Cidr, readConfig } from '../../src/config.ts';
import { type Resolve, refusedCode, targetsOf } from '../../src/webhooks/targets.ts';

const refusal = (url: string, allow: Cidr[] = []) => targetsOf(allow).refusal(new URL(url));
const allow = (list: string) => readConfig({ WEBHOOK_ALLOW: list }).webhook_allow;

/** A DNS that knows one name. */
const resolvesTo =
  (...addresses: string[]): Resolve =>
  (_hostname, _options, done) =>
    done(
      null,
      addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
    );

/** What a name is resolved to for a connection: the addresses, or the code of the error. */
const lookup = (url: string, resolve: Resolve, networks = '', all = true) =>
  new Promise<unknown>((settle) => {
    const target = new URL(url);
    targetsOf(allow(networks), resolve).lookupFor(target)(target.hostname, { all }, (error, found) =>
      settle(error?.code ?? (Array.isArray(found) ? found.map(({ address }) => address) : found)),
    );
  });

describe('addresses in urls', () => {
  it('are refused where they are no hosts of the public internet, however they are written', () => {
    for (const host of [
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f000001',
      '0x7f.1',
      '017700000001',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[0:0:0:0:0:ffff:a00:1]',
      '[::127.0.0.1]',
      '[::]',
      '[64:ff9b::7f00:1]',
      '[64:ff9b::a00:1]',
      '[2002:7f00:1::]',
      '0.0.0.0',
      '0',
      '10.1.2.3',
      '100.64.0.1',
      '100.127.255.255',
      '169.254.169.254',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '192.0.2.1',
      '198.18.0.1',
      '224.0.0.1',
      '239.255.255.255',
      '255.255.255.255',
      '[fe80::1]',
      '[fd00:ec2::254]',
      '[fc00::1]',
      '[ff02::1]',
    ])
      assert.match(refusal(`https://${host}/`) ?? 'not refused', /not a host on the public internet/, host);
  });

  it('are taken where they are, at the borders of what is not', () => {
    for (const host of [
      '8.8.8.8',
      '9.255.255.255',
      '11.0.0.0',
      '100.63.255.255',
      '100.128.0.0',
      '126.255.255.255',
      '128.0.0.0',
      '169.253.255.255',
      '172.15.255.255',
      '172.32.0.0',
      '192.167.255.255',
      '223.255.255.255',
      '[2606:4700::1111]',
      '[::ffff:8.8.8.8]',
      '[64:ff9b::808:808]',
    ])
      assert.equal(refusal(`https://${host}/`), undefined, host);
  });

  it('are taken in networks that are allowed, over http too, and nowhere else', () => {
    const networks = allow('10.0.0.0/8, ::1/128,192.168.7.9');
    for (const host of ['10.0.0.1', '[::1]', '[::ffff:10.0.0.1]', '192.168.7.9'])
      for (const protocol of ['http', 'https'])
        assert.equal(refusal(`${protocol}://${host}/`, networks), undefined, host);
    for (const url of ['https://192.168.7.8/', 'https://[::2]/', 'https://127.0.0.1/', 'http://8.8.8.8/'])
      assert.ok(refusal(url, networks), url);
  });
});

describe('urls', () => {
  it('must be https, unless a network is allowed, and hold no password', () => {
    assert.equal(refusal('https://crm.example/hooks?x=1'), undefined);
    assert.match(refusal('http://crm.example/') ?? '', /must begin with https.*WEBHOOK_ALLOW/);
    // It may resolve to an address of that network; that shows when it is called.
    assert.equal(refusal('http://crm.example/', allow('10.0.0.0/8')), undefined);
    for (const url of ['ftp://crm.example/', 'file:///etc/passwd', 'javascript:1'])
      assert.match(refusal(url) ?? '', /must begin with https/);
    for (const url of ['https://me@crm.example/', 'https://me:secret@crm.example/'])
      assert.match(refusal(url) ?? '', /must not hold a user or password/);
  });
});

describe('names', () => {
  it('lead to the addresses among theirs that may be reached', async () => {
    const resolve = resolvesTo('127.0.0.1', '8.8.8.8', '::1', '2606:4700::1111', 'fe80::1%eth0');
    assert.deepEqual(await lookup('https://a.example/', resolve), ['8.8.8.8', '2606:4700::1111']);
    assert.equal(await lookup('https://a.example/', resolve, '', false), '8.8.8.8');
    assert.deepEqual(await lookup('http://a.example/', resolve, '127.0.0.0/8'), ['127.0.0.1']);
    assert.deepEqual(await lookup('https://a.example/', resolve, '127.0.0.0/8'), [
      '127.0.0.1',
      '8.8.8.8',
      '2606:4700::1111',
    ]);
  });

  it('that have none are refused', async () => {
    for (const address of ['127.0.0.1', '::1', '::ffff:10.0.0.1', '169.254.169.254', 'fe80::1%eth0'])
      assert.equal(await lookup('https://a.example/', resolvesTo(address)), refusedCode, address);
    assert.equal(await lookup('http://a.example/', resolvesTo('8.8.8.8'), '10.0.0.0/8'), refusedCode);
    const unknown: Resolve = (_hostname, _options, done) => done(Object.assign(new Error(), { code: 'ENOTFOUND' }), []);
    assert.equal(await lookup('https://a.example/', unknown), 'ENOTFOUND');
  });
});

describe('WEBHOOK_ALLOW', () => {
  it('lists networks and single addresses', () => {
    assert.deepEqual(allow(''), []);
    assert.deepEqual(allow(' 10.0.0.0/8 ,, fd00::/8,192.168.7.9,::1'), [
      { address: '10.0.0.0', prefix: 8, family: 'ipv4' },
      { address: 'fd00::', prefix: 8, family: 'ipv6' },
      { address: '192.168.7.9', prefix: 32, family: 'ipv4' },
      { address: '::1', prefix: 128, family: 'ipv6' },
    ]);
  });

  it('refuses what is none', () => {
    for (const list of ['10.0.0.0/33', '10.0.0.0/-1', '10.0.0/8', 'localhost', '::/129', '10.0.0.0/8/8', '10.0.0.0/'])
      assert.throws(() => allow(list), /WEBHOOK_ALLOW must list addresses or networks/, list);
  });
});
