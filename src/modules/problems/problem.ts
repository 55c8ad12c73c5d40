import { Type } from 'typebox';
import { closed, Instant, Key, nullable } from '../../http/schemas.ts';
import { declareNoun, type RowOf, text } from '../../managed/declare.ts';
import { languages } from '../../matching/languages.ts';

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

export const problems = declareNoun({
  table: 'problems',
  one: 'problem',
  // `Problem` is what errors are.
  component: 'CustomerProblem',
  called: ['a problem', 'problems'],
  tag: 'Problems',
  description: 'A problem that plagues customers, and how it is recognised in their answers.',
  key: 'key',
  owner: 'everybody',
  fixed: { key: Type.String({ ...Key, description: 'How addresses name it. It stays.' }) },
  required: { name: Type.String({ minLength: 1, maxLength: 200, description: 'What people call it.' }) },
  optional: {
    phrases: Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
      maxItems: 100,
      uniqueItems: true,
      default: [],
      description:
        'Looked for in comments: their words one after the other, by their stems where a language is named. Words that the language leaves out of its index (`of`, `the`) are not looked for, so `out of stock` in English means any `stock`; with the language `simple` every word counts.',
    }),
    themes: Type.Array(Type.String({ minLength: 1, maxLength: 128 }), {
      maxItems: 100,
      uniqueItems: true,
      default: [],
      description: 'Your own theme words that mean this problem, as responses have them.',
    }),
    language: nullable(
      Type.Enum([...languages], {
        description: 'The language of the phrases. Null: that of the survey of each response.',
      }),
    ),
    status: Type.Enum(['open', 'fixing', 'resolved'], { default: 'open', description: 'How far it is.' }),
    resolved_at: Type.Unsafe<Date | null>({
      ...nullable(Instant),
      description:
        'When it was fixed; there exactly while the status is `resolved`. Now, unless given with the status. The effect of the fix is measured from it.',
    }),
    owner: text(128, 'Who sees to it.'),
  },
  computed: { matching: Matching },
  filters: ['status', 'owner'],
  example: {
    key: 'late-delivery',
    name: 'Late delivery',
    phrases: ['late delivery', 'came late'],
    themes: ['delivery'],
  },
});

export type ProblemRow = RowOf<typeof problems>;
