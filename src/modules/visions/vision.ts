import { Type } from 'typebox';
import type { Client } from '../../db/pool.ts';
import { conflict, type FieldError, refuse } from '../../errors.ts';
import { closed, Key, nullable } from '../../http/schemas.ts';
import { declareNoun, type GivenOf, moment, type RowOf, type ShownOf, text } from '../../managed/declare.ts';

/** What a reviewer says of the statement. */
const verdict = (question: string) =>
  nullable(Type.Boolean({ description: `${question} What a reviewer says; null: nobody has looked yet.` }));

const Story = closed({
  text: Type.String({ minLength: 1, maxLength: 4000, description: 'What somebody did, as it is told.' }),
  behaviour: Type.Optional(
    nullable(Type.String({ ...Key, description: 'The key of the behaviour that it is an example of.' })),
  ),
});

export const visions = declareNoun({
  table: 'visions',
  one: 'vision',
  called: ['a vision', 'visions'],
  tag: 'Visions',
  description:
    'A version of the destination: what outstanding service means here. One of them at most is current; what was published keeps its words.',
  key: 'id',
  owner: 'everybody',
  required: {
    statement: Type.String({
      minLength: 1,
      maxLength: 2000,
      description: 'The vision itself, in the words that everybody is to know.',
    }),
  },
  optional: {
    present_state: text(4000, 'How service is today.'),
    future_state: text(4000, 'How it will be once the vision has come true.'),
    is_simple: verdict('Can everybody repeat it after hearing it once?'),
    names_the_service: verdict('Does it say what service is given, and to whom?'),
    has_present_and_future: verdict('Does it tell what is, and what is to come?'),
    stories: Type.Array(Story, {
      maxItems: 100,
      default: [],
      description: 'What people did that shows what it means. Stories may be added to a vision that is published.',
    }),
  },
  derived: {
    published_at: moment('When it became the current one; null for a draft.'),
    superseded_at: moment('When the next one took its place.'),
  },
  computed: {
    state: Type.Enum(['draft', 'current', 'superseded'], { description: 'What it is now.' }),
    statement_words: Type.Integer({ description: 'How many words the statement has: the fewer, the easier to know.' }),
  },
  example: {
    statement: 'Every guest leaves with one thing more than they came for.',
    present_state: 'Guests get what they ask for, if they ask.',
    future_state: 'We see what guests need before they ask.',
    is_simple: true,
    names_the_service: false,
    has_present_and_future: true,
    stories: [{ text: 'Otto walked a lost child back to its parents, through the rain.' }],
  },
});

export type Vision = RowOf<typeof visions>;

const fixedByPublishing = ['statement', 'present_state', 'future_state'] as const;

/**
 * A published vision keeps its words: people were asked about these. What reviewers say of it, and its stories, may
 * change.
 * @throws ApiError 409 that names what would change
 */
export function requireSameWords(vision: GivenOf<typeof visions>, before: Vision | undefined): undefined {
  if (!before?.published_at) return;
  const changed = fixedByPublishing.filter((name) => vision[name] !== before[name]);
  if (changed.length > 0)
    throw conflict(
      'published',
      `This vision was published, so it keeps its ${changed.join(' and ')}. Make a new vision and publish that.`,
    );
}

/**
 * Makes sure that stories are examples of behaviours that are there; one that is archived still is.
 * @throws ApiError 422 that names each story whose behaviour is unknown
 */
export async function requireBehaviours(client: Client, { stories }: Partial<GivenOf<typeof visions>>): Promise<void> {
  const named = (stories ?? []).flatMap(({ behaviour }, at) => (behaviour == null ? [] : [{ behaviour, at }]));
  if (named.length === 0) return;
  const rows = await client.rows<{ key: string }>('select key from behaviours where key = any($1::text[])', [
    named.map(({ behaviour }) => behaviour),
  ]);
  const known = new Set(rows.map(({ key }) => key));
  const errors = named
    .filter(({ behaviour }) => !known.has(behaviour))
    .map(
      ({ behaviour, at }): FieldError => ({
        pointer: `/stories/${at}/behaviour`,
        code: 'unknown_behaviour',
        detail: `There is no behaviour '${behaviour}'. GET /v1/behaviours lists them.`,
      }),
    );
  refuse(errors);
}

/** @throws ApiError 409 for the current vision, which nothing would take the place of */
export function requireNotCurrent({ archived_at, published_at, superseded_at }: Vision): void {
  if (archived_at !== null && published_at !== null && superseded_at === null)
    throw conflict(
      'current_vision',
      'This is the current vision, so it cannot be archived. Publish another one in its place first.',
    );
}

// Also of languages that put no spaces between their words.
const words = new Intl.Segmenter('en', { granularity: 'word' });

/** A vision as it is shown. */
export const showVision = (vision: Vision): ShownOf<typeof visions> => ({
  ...vision,
  state: vision.published_at === null ? 'draft' : vision.superseded_at === null ? 'current' : 'superseded',
  statement_words: [...words.segment(vision.statement)].filter(({ isWordLike }) => isWordLike).length,
});
