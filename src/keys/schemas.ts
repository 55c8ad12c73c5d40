import { Type } from 'typebox';
import { closed, Id, Instant, nullable, Timestamp, Uuid } from '../http/schemas.ts';
import { scopes } from '../http/scopes.ts';

const name = Type.String({ minLength: 1, maxLength: 100, description: 'Who or what uses the key, in words.' });
const granted = Type.Array(Type.Enum([...scopes]), {
  minItems: 1,
  uniqueItems: true,
  description:
    'What the key may do. `ingest`: send and remove facts. `read`: lists and answers without personal data. `scorecard`: the scorecard and nothing else. `personal`: the same with it. `manage`: create and change what the organisation manages, and read. `admin`: everything.',
});

const units = nullable(
  Type.Array(Id, {
    minItems: 1,
    maxItems: 100,
    uniqueItems: true,
    description:
      'The units that the key is limited to, with everything below them; null where it is not limited. In every interface it sees, sends and changes only rows of these units; a row without a unit of its own is of the unit of its customer. What holds for the whole organisation it can read at most.',
  }),
);

const fields = {
  id: Uuid,
  name,
  prefix: Type.String({ description: 'How the key begins, to tell keys apart.' }),
  scopes: granted,
  units,
  status: Type.Enum(['live', 'expired', 'revoked'], { description: 'How the key stands now.' }),
  created_at: Instant,
  expires_at: nullable(Instant),
  revoked_at: nullable(Instant),
  last_used_at: nullable(Type.Unsafe<Date>({ ...Instant, description: 'When it was last used, to the minute.' })),
  replaced_by: nullable(Type.String({ format: 'uuid', description: 'The key that rotation made instead.' })),
};

export const ApiKey = Type.Object(fields, { $id: 'ApiKey', description: 'An API key, without its secret.' });

export const ApiKeyWithSecret = Type.Object(
  {
    ...fields,
    secret: Type.String({ description: 'The key itself. It is shown this once and cannot be had again.' }),
  },
  { $id: 'ApiKeyWithSecret', description: 'An API key that was just made.' },
);

export const NewApiKey = closed(
  {
    name,
    scopes: granted,
    units: Type.Optional(units),
    expires_at: Type.Optional(
      nullable(Type.String({ ...Timestamp, description: 'When it stops working. Without it, never.' })),
    ),
  },
  { $id: 'NewApiKey' },
);

export const KeyRotation = closed(
  {
    grace_hours: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 720,
        default: 24,
        description: 'How long the old key goes on working.',
      }),
    ),
  },
  { $id: 'KeyRotation' },
);
