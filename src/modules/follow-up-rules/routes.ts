import { type Static, Type } from 'typebox';
import { getManaged, insertManaged, type Managed, shownManaged, updateManaged } from '../../db/managed.ts';
import type { Client, Database } from '../../db/pool.ts';
import { invalidField, notFound } from '../../errors.ts';
import { ifMatch, ifNoneMatch, notModified, requireMatch, versioned } from '../../http/etag.ts';
import { closed, Id, ref } from '../../http/schemas.ts';
import { authorOf } from '../../http/scopes.ts';
import type { Server } from '../../http/server.ts';
import { FollowUpRule, NewFollowUpRule } from './schemas.ts';

type Row = Omit<Static<typeof FollowUpRule>, keyof Managed> & Managed;

const noun = { table: 'follow_up_rules', one: 'follow_up_rule', key: 'survey' };
const path = '/v1/surveys/:key/follow-up-rule';
const params = closed({ key: Id });
const tags = ['Follow-ups'];

/**
 * The rule of a survey; undefined where none was ever made. The row of the survey is locked, so two cannot make it at
 * once.
 */
async function findRule(client: Client, survey: string, lock: boolean): Promise<Row | undefined> {
  const [found] = await client.rows(`select key from surveys where key = $1 ${lock ? 'for no key update' : ''}`, [
    survey,
  ]);
  if (!found) throw notFound('survey', survey);
  const [made] = await client.rows('select from follow_up_rules where survey = $1', [survey]);
  return made ? getManaged<Row>(client, noun, survey, lock) : undefined;
}

/** @throws ApiError 404 where the survey has no rule, or its rule was archived */
async function getRule(client: Client, survey: string, lock = false): Promise<Row> {
  const rule = await findRule(client, survey, lock);
  if (!rule || rule.archived_at !== null) throw notFound('follow-up rule of the survey', survey);
  return rule;
}

/** The whole rule, with what may be left out filled in. @throws ApiError 422 */
function wholeRule(sent: Static<typeof NewFollowUpRule>) {
  const { bands, minimum_revenue = null, due_hours = 48, max_age_days = 30, active = true } = sent;
  if (minimum_revenue?.startsWith('-'))
    throw invalidField('/minimum_revenue', 'below_zero', 'Must not be below zero. Null asks for no revenue.');
  return { bands, minimum_revenue, due_hours, max_age_days, active };
}

/** `/v1/surveys/{key}/follow-up-rule`: which responses open a follow-up. */
export function addFollowUpRuleRoutes(app: Server, db: Database): void {
  app.get(
    path,
    {
      config: { scope: 'read', units: 'everybody' },
      schema: {
        operationId: 'getFollowUpRule',
        summary: 'Read when responses to a survey open a follow-up',
        tags,
        params,
        headers: ifNoneMatch,
        response: { 200: ref(FollowUpRule), ...notModified },
      },
    },
    async (request, reply) =>
      versioned(request, reply, shownManaged(await db.read((client) => getRule(client, request.params.key)))),
  );

  app.put(
    path,
    {
      config: { scope: 'manage' },
      schema: {
        operationId: 'putFollowUpRule',
        summary: 'Say when responses to a survey open a follow-up',
        description:
          'The body is the whole rule. Where there is one already, If-Match names the version that it replaces. It holds for responses that come in from now on.',
        tags,
        params,
        headers: ifMatch,
        body: ref(NewFollowUpRule),
        response: { 200: ref(FollowUpRule), 201: ref(FollowUpRule) },
      },
    },
    async (request, reply) => {
      const rule = wholeRule(request.body);
      const survey = request.params.key;
      const author = authorOf(request);
      const { row, isNew } = await db.write(async (client) => {
        const before = await findRule(client, survey, true);
        if (!before) return { row: await insertManaged<Row>(client, noun, { survey, ...rule }, author), isNew: true };
        const isNew = before.archived_at !== null;
        if (!isNew) requireMatch(request, before.version);
        return { row: await updateManaged(client, noun, before, { ...rule, archived_at: null }, author), isNew };
      });
      return versioned(request, reply.code(isNew ? 201 : 200), shownManaged(row));
    },
  );

  app.delete(
    path,
    {
      config: { scope: 'manage' },
      schema: {
        operationId: 'archiveFollowUpRule',
        summary: 'End the rule of a survey',
        description: 'Follow-ups that it opened stay.',
        tags,
        params,
        headers: ifMatch,
        response: { 204: Type.Null({ description: 'No response opens a follow-up any more.' }) },
      },
    },
    async (request, reply) => {
      const author = authorOf(request);
      await db.write(async (client) => {
        const before = await getRule(client, request.params.key, true);
        requireMatch(request, before.version);
        await updateManaged(client, noun, before, { archived_at: new Date() }, author, 'archived');
      });
      return reply.code(204).send(null);
    },
  );
}
