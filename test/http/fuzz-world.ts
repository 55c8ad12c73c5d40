/** What random requests are sent to: a service with one of everything, which is there again after it was changed. */
import { nouns } from '../../src/bi/noun-sets.ts';
import { datasets } from '../../src/datasets/registry.ts';
import { named } from '../../src/managed/declare.ts';
import { discussions } from '../../src/modules/discussions/discussion.ts';
import { goals } from '../../src/modules/goals/goal.ts';
import { sentExample, withMileMarker } from '../datasets/samples.ts';
import type { Api } from '../support/api.ts';

/** A request to an operation, as far as the world is concerned. */
interface Asked {
  operationId: string;
  method: string;
  path: string;
}

const match = { 'if-match': '*' };
const isOfFacts = new RegExp(`^/v1/(settings|datasets|${datasets.map(({ path }) => path).join('|')})\\b`);

/** A part of the world that is made anew when it was changed. */
function part(make: () => Promise<void>) {
  let stale = true;
  return {
    spoil: () => {
      stale = true;
    },
    restore: async () => {
      if (stale) await make();
      stale = false;
    },
  };
}

export function fuzzWorld(api: Api) {
  const made: Record<string, string> = {};
  const webhooks = { id: '', delivery_id: '' };
  const idOf = (reply: { body: { id: string } }) => reply.body.id;
  const post = (path: string, body?: object) => api.send('POST', `/v1/${path}`, body);

  const facts = part(async () => {
    await withMileMarker(api);
    for (const dataset of datasets) await post(dataset.path, sentExample(dataset));
    await post('customers', { id: 'C-2001' });
  });

  const managed = part(async () => {
    made.Key = idOf(await post('keys', { name: 'for trials', scopes: ['read'] }));
    // What was archived refuses changes.
    const unarchived = [
      ...nouns.map(({ table }) => `update ${table} set archived_at = null where archived_at is not null`),
    ];
    await api.db.write((client) =>
      client.script(
        [...unarchived, 'update webhook_endpoints set archived_at = now()', 'delete from follow_ups'].join(';'),
      ),
    );
    const hook = { url: 'https://crm.example/hooks', event_types: ['follow_up.*'] };
    webhooks.id = idOf(await post('webhook-endpoints', hook));
    webhooks.delivery_id = idOf(await post(`webhook-endpoints/${webhooks.id}/test`));
    await api.send('PUT', '/v1/surveys/nps/follow-up-rule', { bands: ['detractor'] }, match);
    // Of a customer whom the example of a follow-up does not name: each has one at a time.
    made.FollowUp = idOf(await post('follow-ups', { customer_id: 'C-2001' }));
    await post('moments', { key: 'check-in', name: 'Check-in' });
    for (const key of ['nps', 'retention'])
      await post('mile-markers', { key, name: key, source: 'readings', cadence: 'month' });
    // The goal that the example of a discussion names.
    const goal = idOf(await post('goals', goals.example));
    await api.db.write((client) =>
      client.rows('update goals set id = $1 where id = $2 and not exists (select from goals where id = $1)', [
        String(Object(discussions.example).goals[0]),
        goal,
      ]),
    );
    for (const { key, path, example, component, one } of nouns) {
      const reply = await post(path, example);
      made[component ?? named(one)] = key === 'id' ? idOf(reply) : String(Object(example).key);
    }
    made.publishedGoal = idOf(await post('goals', goals.example));
    const exception = 'It is tried whether it can be dropped.';
    await api.send('POST', `/v1/goals/${made.publishedGoal}/publish`, { exception }, match);
  });

  return {
    /** Makes what an operation may ask for, in a time zone. */
    async restore(time_zone: string): Promise<void> {
      await api.send('PATCH', '/v1/settings', { time_zone }, match);
      await facts.restore();
      await managed.restore();
    },
    /** Says that an operation was tried, which may have changed what is there. */
    tried({ method, path }: Asked): void {
      if (method === 'get') return;
      if (isOfFacts.test(path)) facts.spoil();
      managed.spoil();
    },
    /** What stands for a parameter of a path: the id or key of what is there; undefined where the operation names none. */
    inPath({ operationId, path }: Asked, name: string): string | undefined {
      if (operationId.includes('Webhook')) return name === 'id' ? webhooks.id : webhooks.delivery_id;
      if (name !== 'id' && name !== 'key') return undefined;
      if (/^\/v1\/goals\/\{id\}\/(drop|check-ins)$/.test(path)) return made.publishedGoal;
      if (operationId.endsWith('FollowUpRule')) return 'nps';
      // The longest word: a BehaviourObservation is no Behaviour.
      const [word] = Object.keys(made)
        .filter((one) => operationId.includes(one))
        .sort((one, other) => other.length - one.length);
      return word === undefined ? undefined : made[word];
    },
  };
}
