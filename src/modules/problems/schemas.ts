import { Type } from 'typebox';
import { closed, Key, nullable, Timestamp } from '../../http/schemas.ts';
import { languages } from '../../matching/languages.ts';

export const statuses = ['open', 'fixing', 'resolved'] as const;
export type ProblemStatus = (typeof statuses)[number];

const fields = {
  name: Type.String({ minLength: 1, maxLength: 200, description: 'What people call it.' }),
  phrases: Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
    maxItems: 100,
    uniqueItems: true,
    description:
      'Looked for in comments: their words one after the other, by their stems where a language is named. Words that the language leaves out of its index (`of`, `the`) are not looked for, so `out of stock` in English means any `stock`; with the language `simple` every word counts.',
  }),
  themes: Type.Array(Type.String({ minLength: 1, maxLength: 128 }), {
    maxItems: 100,
    uniqueItems: true,
    description: 'Your own theme words that mean this problem, as responses have them.',
  }),
  language: nullable(
    Type.Enum([...languages], {
      description: 'The language of the phrases. Null: that of the survey of each response.',
    }),
  ),
  status: Type.Enum([...statuses], { description: 'How far it is.' }),
  resolved_at: nullable(
    Type.Unsafe<string>({
      ...Timestamp,
      description:
        'When it was fixed; there exactly while the status is `resolved`. Now, unless given with the status. The effect of the fix is measured from it.',
    }),
  ),
  owner: nullable(Type.String({ minLength: 1, maxLength: 128, description: 'Who sees to it.' })),
};

const key = Type.Unsafe<string>({ ...Key, description: 'How addresses name it. It stays.' });

const Matching = closed(
  {
    state: Type.Enum(['waiting', 'running', 'complete']),
    done: Type.Integer({ description: 'How many responses were looked at.' }),
    of: nullable(Type.Integer({ description: 'Of how many; null while it waits.' })),
  },
  {
    description:
      'How far it was looked for in the responses that were there when it was made, or its phrases, themes or language changed. Until that is complete, some older responses are as they were before.',
  },
);

export const CustomerProblem = Type.Object(
  {
    key,
    ...fields,
    matching: Matching,
    version: Type.Integer(),
    created_at: Timestamp,
    changed_at: Timestamp,
    archived_at: nullable(Timestamp),
  },
  {
    $id: 'CustomerProblem',
    additionalProperties: false,
    description: 'A problem that plagues customers, and how it is recognised in their answers.',
  },
);

const optional = {
  phrases: Type.Optional(fields.phrases),
  themes: Type.Optional(fields.themes),
  language: Type.Optional(fields.language),
  status: Type.Optional(fields.status),
  resolved_at: Type.Optional(fields.resolved_at),
  owner: Type.Optional(fields.owner),
};

export const NewCustomerProblem = closed(
  { key, name: fields.name, ...optional },
  {
    $id: 'NewCustomerProblem',
    examples: [
      { key: 'late-delivery', name: 'Late delivery', phrases: ['late delivery', 'came late'], themes: ['delivery'] },
    ],
  },
);

export const CustomerProblemChanges = closed(
  { name: Type.Optional(fields.name), ...optional },
  { $id: 'CustomerProblemChanges' },
);
