// OpenUI5's OData V4 model, in a browser: 49 MB that no other test needs, so it is not installed with the others.
//   npm pack @openui5/sap.ui.core && tar xf openui5-sap.ui.core-*.tgz
//   TEST_OPENUI5=package npm test -- openui5      (TEST_BROWSER names a Chromium that is not /usr/bin/chromium)
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { refresh } from '../../src/outcomes/refresh.ts';
import { testApi } from '../support/api.ts';
import { forward, listen, startFront } from './proxy.ts';

const { TEST_OPENUI5 = '', TEST_BROWSER = '/usr/bin/chromium' } = process.env;
const sources = resolve(TEST_OPENUI5, 'src');
const missing = [
  ...(TEST_OPENUI5 && existsSync(join(sources, 'sap-ui-core.js')) ? [] : ['TEST_OPENUI5 (see the head of this file)']),
  ...(existsSync(TEST_BROWSER) ? [] : [`a Chromium at ${TEST_BROWSER}`]),
];
const skip = missing.length > 0 && `There is no ${missing.join(', and no ')}.`;

const page = `<!doctype html><script id="sap-ui-bootstrap" src="/sap-ui-core.js" data-sap-ui-async="true" data-sap-ui-language="en" data-sap-ui-compat-version="edge"></script>`;

/** What an application does with the model; answers with JSON. */
const application = `new Promise((answer, fail) => {
  const modules = ['sap/ui/model/odata/v4/ODataModel', 'sap/ui/model/Filter', 'sap/ui/model/FilterOperator', 'sap/ui/model/Sorter'];
  const begin = () => window.sap?.ui?.require ? sap.ui.require(modules, (...loaded) => run(...loaded).then(answer, fail), fail) : setTimeout(begin, 20);
  async function run(Model, Filter, Is, Sorter) {
    const model = new Model({ serviceUrl: '/odata/v1/', groupId: '$direct', operationMode: 'Server' });
    const filters = [
      new Filter('score', Is.GE, 9),
      new Filter({ path: 'id', operator: Is.Contains, value1: 'n-', caseSensitive: false }),
      new Filter('answered_at', Is.BT, '2024-01-01T00:00:00+01:00', '2024-12-31T00:00:00Z'),
    ];
    const list = model.bindList('/responses', undefined, new Sorter('answered_at', true), filters, { $count: true, $select: 'id,score' });
    const some = await list.requestContexts(0, 2);
    const more = await list.requestContexts(2, 2);
    const pages = model.bindList('/responses');
    let all = 0;
    while (!pages.isLengthFinal()) all += (await pages.requestContexts(all, Infinity)).length;
    return JSON.stringify({
      description: await model.getMetaModel().requestObject('/responses/score@Org.OData.Core.V1.Description'),
      count: list.getCount(),
      rows: [...some, ...more].map((context) => [context.getProperty('id'), context.getProperty('score')]),
      all,
      one: await model.bindContext("/response_outcomes(response_id='N-0005',window_days=90)").requestObject('window_days'),
    });
  }
  begin();
})`;

test("OpenUI5's model reads, filters, counts, sorts and goes on", { skip }, async (t) => {
  let port = 0;
  let authorization = '';
  const asked: string[] = [];
  const front = await startFront(t, (request, reply) => {
    const path = request.url ?? '';
    if (path.startsWith('/odata/')) {
      asked.push(`${request.headers.accept} ${path}`);
      return forward(request, reply, { port, path, headers: { authorization } });
    }
    if (path === '/') return reply.writeHead(200, { 'content-type': 'text/html' }).end(page);
    const file = join(sources, new URL(path, 'http://here').pathname);
    if (!existsSync(file)) return reply.writeHead(404).end();
    const type = file.endsWith('.js') ? 'text/javascript' : 'application/octet-stream';
    reply.writeHead(200, { 'content-type': type }).end(readFileSync(file));
  });
  const outer = `http://127.0.0.1:${front}`;
  const api = await testApi(t, { config: { public_url: outer } });
  authorization = `Basic ${Buffer.from(`anybody:${api.key}`).toString('base64')}`;
  await api.facts('surveys', [{ key: 'nps', name: 'NPS', kind: 'nps' }]);
  await api.facts(
    'responses',
    Array.from({ length: 5_001 }, (_, n) => ({
      id: `N-${String(n).padStart(4, '0')}`,
      survey: 'nps',
      score: n % 11,
      answered_at: new Date(Date.UTC(2024, 0, 1) + n * 3_600_000).toISOString(),
    })),
  );
  await refresh(api.db);
  port = await listen(api.app);

  const browser = await chromium.launch({ executablePath: TEST_BROWSER, args: ['--no-sandbox'] });
  t.after(() => browser.close());
  const tab = await browser.newPage();
  await tab.goto(outer);
  const found = JSON.parse(String(await tab.evaluate(application)));
  // 5,001 is 454 times 11 and 7: two of every 11 score 9 or 10, the latest ones are N-4993 and N-4992.
  assert.deepEqual(found, {
    description: 'The answer, on the scale of the survey.',
    count: 908,
    rows: [
      ['N-4993', 10],
      ['N-4992', 9],
      ['N-4982', 10],
      ['N-4981', 9],
    ],
    all: 5_001,
    // As OpenUI5 asks for it with IEEE754Compatible.
    one: '90',
  });
  assert.ok(
    asked.some((one) => one.startsWith('application/json;odata.metadata=minimal;IEEE754Compatible=true /odata/')),
  );
});
