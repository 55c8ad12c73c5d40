import { Type } from 'typebox';
import type { Database } from '../../db/pool.ts';
import { tagged } from '../../http/etag.ts';
import { closed, Id, Problem, ref, Uuid } from '../../http/schemas.ts';
import { authorOf } from '../../http/scopes.ts';
import type { Server } from '../../http/server.ts';
import { addNounPaths } from '../../managed/paths.ts';
import { completeSuggestion, suggestions } from './suggestion.ts';
import { setVote, withVotes } from './votes.ts';

const params = closed({
  id: Uuid,
  voter: Type.String({ ...Id, description: 'Who votes, as you name people.' }),
});

/** `/v1/suggestions`, and who is for them. */
export function addSuggestionRoutes(app: Server, db: Database): void {
  addNounPaths(app, db, suggestions, {
    complete: completeSuggestion,
    show: withVotes,
    about: {
      create: 'Its moment, its unit and the obstacle that it became must be there.',
      change:
        'Statuses: new > considering > incorporated or declined; leaving `new` takes an answer, and none leads back to it. A step that is not allowed is a 409 that names those that are. Votes change its `votes` and not its version.',
      archive: 'It counts in no answer any more. It can still be read.',
    },
  });

  app.put(
    '/v1/suggestions/:id/votes/:voter',
    {
      config: { scope: 'manage', units: 'own' },
      schema: {
        operationId: 'voteForSuggestion',
        summary: 'Vote for a suggestion',
        description: 'One vote a voter: the same again changes nothing.',
        tags: [suggestions.tag],
        params,
        response: { 200: ref(suggestions.shown), 409: ref(Problem) },
      },
    },
    async (request, reply) => {
      const vote = { ...request.params, votes: true };
      const row = await db.write((client) => setVote(client, vote, authorOf(request), request.caller.units));
      return tagged(reply, row);
    },
  );

  app.delete(
    '/v1/suggestions/:id/votes/:voter',
    {
      config: { scope: 'manage', units: 'own' },
      schema: {
        operationId: 'withdrawVoteForSuggestion',
        summary: 'Take a vote for a suggestion back',
        description: 'Where there is none, nothing changes.',
        tags: [suggestions.tag],
        params,
        response: { 204: Type.Null({ description: 'The voter is not counted.' }), 409: ref(Problem) },
      },
    },
    async (request, reply) => {
      const vote = { ...request.params, votes: false };
      await db.write((client) => setVote(client, vote, authorOf(request), request.caller.units));
      return reply.code(204).send(null);
    },
  );
}
