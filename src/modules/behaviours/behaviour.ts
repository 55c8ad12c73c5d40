import { Type } from 'typebox';
import { Key } from '../../http/schemas.ts';
import { declareNoun, text } from '../../managed/declare.ts';

export const behaviours = declareNoun({
  table: 'behaviours',
  one: 'behaviour',
  called: ['a behaviour', 'behaviours'],
  tag: 'Behaviours',
  description: 'Something that people do for customers and that can be seen. 27 of them, in five families, are there.',
  key: 'key',
  owner: 'everybody',
  fixed: { key: Type.String({ ...Key, description: 'How observations and addresses name it. It stays.' }) },
  required: {
    name: Type.String({ minLength: 1, maxLength: 200, description: 'What people call it.' }),
    family: Type.String({
      ...Key,
      description:
        'What kind it is: `customer-first`, `attitude`, `customer-needs`, `relationships`, `problem-resolution`, or a word of your own.',
    }),
  },
  optional: { description: text(4000, 'How one knows it when one sees it.') },
  derived: { seeded: Type.Boolean({ description: 'Whether it came with the service.' }) },
  filters: ['family'],
  example: {
    key: 'walk-to-the-shelf',
    name: 'Walk customers to the shelf',
    family: 'customer-first',
    description: 'Nobody is told where something lies: somebody goes there with them.',
  },
});
