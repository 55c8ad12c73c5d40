/** What the tests of follow-ups share: recent responses, and the rule that asks for a follow-up. */
import assert from 'node:assert/strict';
import type { Api } from './api.ts';

export const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();

/** A detractor of the survey `nps`, an hour ago. */
export const complaint = (id: string, row: object = {}) => ({
  id,
  customer_id: id,
  survey: 'nps',
  score: 2,
  answered_at: hoursAgo(1),
  ...row,
});

/** The surveys `nps` and `csat`; the rule follows up the detractors of `nps`. */
export async function withRule({ facts, send }: Api, rule: object = {}): Promise<void> {
  await facts('surveys', [
    { key: 'nps', name: 'Would you recommend us?', kind: 'nps' },
    { key: 'csat', name: 'Are you satisfied?', kind: 'csat' },
  ]);
  const made = await send('PUT', '/v1/surveys/nps/follow-up-rule', { bands: ['detractor'], ...rule });
  assert.equal(made.status, 201, made.text);
}

/** The follow-ups of a customer, in the order in which they were opened. */
export const followUpsOf = async ({ get }: Pick<Api, 'get'>, customer: string) => {
  const { body } = await get(`/v1/follow-ups?archived=true&customer_id=${encodeURIComponent(customer)}`);
  // Tests read whatever a row holds.
  // biome-ignore lint/suspicious/noExplicitAny: the schema check has seen it
  return body.data as any[];
};

/** The events of a thing, in their order. */
export const eventsOf = async ({ db }: Pick<Api, 'db'>, subject: string): Promise<string[]> => {
  const rows = await db.read((client) =>
    client.rows<{ type: string }>('select type from events where subject = $1 order by id', [subject]),
  );
  return rows.map(({ type }) => type);
};
