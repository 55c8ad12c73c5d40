import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type Api, testApi } from '../support/api.ts';
import { goodGoal, markersOf, publishGoal, readingsOf } from './world.ts';

const executablePath = [process.env.TEST_CHROMIUM, '/usr/bin/chromium'].find((path) => path && existsSync(path));
const skip = executablePath ? false : 'no Chromium: install it, or name it in TEST_CHROMIUM';

/** Where the pictures are kept, for whoever wants to look at them; nowhere unless it is set. */
const pictures = process.env.TEST_PICTURES;

const launch = (): Promise<Browser> =>
  chromium.launch({
    ...(executablePath && { executablePath }),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

/** The first day of a month, counted from the one that runs now. */
function month(from_now: number): string {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + from_now, 1)).toISOString().slice(0, 10);
}

/** Fifteen months of a share, by hundredths, of so many things each. */
const shares = (of: number, ...hundredths: number[]) =>
  Object.fromEntries(
    hundredths.map((one, at) => [
      month(at - hundredths.length).slice(0, 7),
      [(one / 100) * of, of] as [number, number],
    ]),
  );

/** A company with goals that stand in different ways. */
async function company(api: Api): Promise<string> {
  await markersOf(api);
  await readingsOf(api, 'answered_calls', shares(10_000, 48, 49, 50, 50, 52, 53, 51, 55, 58, 60, 61, 64, 70));
  await readingsOf(api, 'recalls', shares(5_000, 11, 12, 10, 11, 12, 11, 12, 10, 11, 10, 11, 12, 15));
  await readingsOf(api, 'stayed', shares(150, 88, 86, 90, 84, 88, 92, 90, 86, 88, 90, 86, 90, 88));
  const year = { ...goodGoal, starts_on: month(-6), ends_on: month(6) };
  const stay = { direction: 'stay_above', baseline: null, guard_mile_markers: [] };
  const { id } = await publishGoal(api, { ...year, owner: null });
  await publishGoal(api, { ...year, ...stay, name: 'Keep nine of ten customers', mile_marker: 'stayed', target: 0.9 });
  await publishGoal(api, {
    ...{
      ...year,
      guard_mile_markers: ['stayed'],
      name: 'Solve it in the first call',
      mile_marker: 'recalls',
      direction: 'decrease_to',
    },
    ...{ baseline: 0.12, target: 0.06, declared_status: 'on_track', declared_note: 'The new list starts next week.' },
  });
  await api.send('POST', '/v1/discussions', { discussed_on: month(-1), goals: [id], place: 'Team board' });
  await api.send('POST', `/v1/goals/${id}/check-ins`, { confidence: 8 });
  return id;
}

async function listening(api: Api): Promise<string> {
  await api.app.listen({ host: '127.0.0.1', port: 0 });
  return `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}`;
}

/** Waits until the page shows what it was told. */
const shown = (page: Page) => page.waitForSelector('#card:not([hidden]) #fresh:has-text("As of")');

test('The scorecard as a page', { skip }, async (t) => {
  const api = await testApi(t);
  const goal = await company(api);
  const { body: made } = await api.send('POST', '/v1/keys', { name: 'Wall', scopes: ['scorecard'] });
  const origin = await listening(api);
  const browser = await launch();
  const profile = await mkdtemp(join(tmpdir(), 'milemarker-page-'));
  t.after(async () => {
    await browser.close();
    await rm(profile, { recursive: true, force: true });
  });
  const asked: string[] = [];
  const complaints: string[] = [];
  const open = async (width: number, height: number, address: string) => {
    const page = await browser.newPage({ viewport: { width, height } });
    page.on('request', (request) => asked.push(request.url()));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(address);
    return page;
  };
  const picture = async (page: Page, name: string) => {
    if (pictures) await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
  };
  const link = `${origin}/scorecard#key=${made.secret}`;

  await t.test('shows every goal and mile marker on a wall screen, by words and shapes', async () => {
    const page = await open(1920, 1080, link);
    await shown(page);
    await picture(page, 'wall');
    assert.deepEqual(await page.locator('#goals h3').allTextContents(), [
      'Answer in time',
      'Keep nine of ten customers',
      'Solve it in the first call',
    ]);
    const states = page.locator('#goals .state');
    assert.deepEqual(await states.allTextContents(), ['ahead', 'cannot be told yet', 'at risk']);
    const shapes = await page
      .locator('#goals .state use')
      .evaluateAll((all) => all.map((use) => use.getAttribute('href')));
    assert.deepEqual(shapes, ['#up', '#bars', '#diamond']);
    assert.equal(await page.locator('#markers h3').count(), 3);
    // Six charts, each drawn, and each told to who cannot see it.
    assert.equal(await page.locator('.chart canvas').count(), 6);
    const labels = await page
      .locator('.chart')
      .evaluateAll((all) => all.map((one) => one.getAttribute('aria-label') ?? ''));
    assert.ok(labels[0]?.includes('70.0%'), labels[0]);
    // Each says of which period it is and how sure.
    const said = await page.locator('#goals .value + p').allTextContents();
    assert.equal(said[0], `in ${month(-1).slice(0, 7)}, 95% interval 69.1% to 70.9%`);
    // Nobody owns the first one, and how confident people are stands there all the same.
    assert.deepEqual(await page.locator('#goals .talk span:last-child').allTextContents(), [
      'confidence 8 of 10',
      'Ines',
      'Ines',
    ]);
    assert.equal(await page.locator('#attention li strong').first().textContent(), 'Solve it in the first call');
    const first = await page.locator('#attention li').first().textContent();
    assert.ok(first?.startsWith('Solve it in the first call is at risk.'), String(first));
    await page.close();
  });

  await t.test('fits a phone, without anything cut at the side', async () => {
    const page = await open(390, 844, link);
    await shown(page);
    await picture(page, 'phone');
    assert.ok(((await page.evaluate('document.documentElement.scrollWidth')) as number) <= 390);
    const widths = await page
      .locator('article')
      .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().right));
    assert.ok(widths.every((right) => right <= 390));
    await page.close();
  });

  await t.test('prints on paper', async () => {
    const page = await open(1000, 1400, link);
    await shown(page);
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.locator('#refresh').isVisible(), false);
    assert.ok(
      (await page.pdf({ format: 'A4', ...(pictures && { path: join(pictures, 'print.pdf') }) })).length > 10_000,
    );
    await page.close();
  });

  await t.test('refreshes itself, and says so when it cannot', async () => {
    const page = await open(1280, 900, link);
    await shown(page);
    const [version] = [(await api.get(`/v1/goals/${goal}`)).headers.etag as string];
    await api.send('PATCH', `/v1/goals/${goal}`, { name: 'Answer in three rings' }, { 'if-match': version });
    // What the browser does when somebody comes back to the tab.
    await page.evaluate('document.dispatchEvent(new Event("visibilitychange"))');
    await page.waitForSelector('h3:has-text("Answer in three rings")');
    await page.route('**/v1/scorecard', (route) => route.abort());
    await page.click('#refresh');
    await page.waitForSelector('#fresh.trouble');
    // What was known stays to be read.
    assert.equal(await page.locator('#goals h3').count(), 3);
    await page.close();
    complaints.length = 0;
  });

  await t.test('asks for a key where the link has none, and says why one is refused', async () => {
    const page = await open(1280, 900, `${origin}/scorecard`);
    await page.fill('#key', 'mm_wrong');
    await page.click('#ask button');
    await page.waitForSelector('#ask-why:has-text("API key is not")');
    complaints.length = 0;
    await page.fill('#key', made.secret);
    await page.click('#ask button');
    await shown(page);
    await page.close();
  });

  await t.test('a key never stands in an address, and nothing is asked of anybody else', async () => {
    assert.ok(asked.length > 10);
    assert.ok(
      asked.every((url) => !new URL(url).pathname.concat(new URL(url).search).includes(made.secret.slice(0, 12))),
    );
    assert.deepEqual(
      [
        ...new Set(
          asked
            .map((url) => new URL(url))
            .filter(({ protocol }) => protocol !== 'data:')
            .map((url) => url.origin),
        ),
      ],
      [origin],
    );
    assert.deepEqual(complaints, []);
  });

  await t.test('the key of the link reads the scorecard and nothing else', async () => {
    const as = { authorization: `Bearer ${made.secret}` };
    assert.equal((await api.send('GET', '/v1/scorecard', undefined, as)).status, 200);
    for (const path of ['/v1/goals', '/v1/customers', '/v1/metrics', '/odata/v1/', '/v1/audit'])
      assert.equal((await api.send('GET', path, undefined, as)).status, 403, path);
  });
});

test('the page is served with its parts, to be kept until they change', async (t) => {
  const api = await testApi(t);
  for (const [path, type] of [
    ['/scorecard', 'text/html; charset=utf-8'],
    ['/scorecard/page.js', 'text/javascript; charset=utf-8'],
    ['/scorecard/cards.js', 'text/javascript; charset=utf-8'],
    ['/scorecard/chart.js', 'text/javascript; charset=utf-8'],
    ['/scorecard/page.css', 'text/css; charset=utf-8'],
    ['/scorecard/uplot.js', 'text/javascript; charset=utf-8'],
    ['/scorecard/uplot.css', 'text/css; charset=utf-8'],
  ] as const) {
    const got = await api.send('GET', path, undefined, { authorization: '' });
    assert.deepEqual([got.status, got.headers['content-type']], [200, type], path);
    assert.ok(String(got.headers['content-security-policy']).includes("script-src 'self'"));
    const again = await api.send('GET', path, undefined, { 'if-none-match': String(got.headers.etag) });
    assert.equal(again.status, 304, path);
  }
});
