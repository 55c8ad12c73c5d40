/** A type of event, as the contract tells it. */
interface EventType {
  description: string;
  /** The `data` of such an event. New members may come. */
  example: object;
}

const id = '0197a3c8-5b1e-7cc4-9d3a-2f1b6f0d8e11';

const followUp = {
  id,
  customer_id: 'C-1042',
  survey: 'nps',
  unit: 'store-12',
  response_id: 'A-501',
  state: 'open',
  closed_as: null,
  owner: 'E-7',
  opened_at: '2026-02-02T18:20:04.120Z',
  due_at: '2026-02-04T18:20:04.120Z',
  closed_at: null,
};

/** Every type of event that an endpoint can listen to. Whoever records one of a new type adds it here. */
export const eventTypes = {
  'response.received': {
    description:
      'A response came in that was not there before; corrections are not told. Without the comment, which is personal.',
    example: {
      id: 'A-501',
      customer_id: 'C-1042',
      survey: 'nps',
      score: 2,
      band: 'detractor',
      themes: ['delivery'],
      moment: 'delivery',
      unit: 'store-12',
      employee: 'E-7',
      channel: 'email',
      segment: 'smb',
      region: 'north',
      answered_at: '2026-02-02T18:20:00.000Z',
    },
  },
  'follow_up.opened': {
    description: "A follow-up was opened, by a survey's rule or by hand.",
    example: followUp,
  },
  'follow_up.due': { description: 'A quarter of the time of a follow-up is left.', example: followUp },
  'follow_up.overdue': { description: 'The time of a follow-up has run out.', example: followUp },
  'follow_up.closed': {
    description: 'A follow-up was closed; `closed_as` says how.',
    example: { ...followUp, state: 'closed', closed_as: 'satisfied', closed_at: '2026-02-03T09:00:00.000Z' },
  },
  'goal.status_changed': {
    description:
      'A published goal stands otherwise than when the service last looked, within ten minutes. `state_before` is null the first time.',
    example: {
      id: '0197a3c8-5b1e-7cc4-9d3a-2f1b6f0d8e12',
      name: 'Fewer detractors by summer',
      mile_marker: 'nps',
      unit: null,
      owner: 'Ines',
      state: 'behind',
      state_before: 'on_track',
      value: 24.1,
      value_low: 21.9,
      value_high: 26.3,
      measured_from: '2026-03-01',
      measured_to: '2026-04-01',
      progress: 0.27,
      expected_progress: 0.5,
    },
  },
  'problem.rising': {
    description:
      'A larger share of responses has a problem than before, by more than chance explains: the last 90 days against the 90 before.',
    example: {
      key: 'late_delivery',
      name: 'Late delivery',
      status: 'open',
      days: 90,
      share_recent: 0.12,
      share_before: 0.07,
      share_change_low: 0.02,
      share_change_high: 0.08,
      q: 0.0021,
    },
  },
} as const satisfies Record<string, EventType>;

/** What an endpoint is sent when somebody tries it out; it goes to that endpoint whatever that listens to. */
export const testType = 'webhook.test';

const names = Object.keys(eventTypes);

/** What an endpoint can name: each type, each family as `follow_up.*`, and `*` for all. */
export const eventPatterns = [...names, ...new Set(names.map((name) => `${name.split('.')[0]}.*`)), '*'].sort();

const header = (name: string, description: string) => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string' },
});

const headers = [
  header(
    'webhook-id',
    'The id of the event: the same for every attempt, every endpoint and every replay. Whoever has seen it ignores it.',
  ),
  header('webhook-timestamp', 'When this attempt was made, in seconds since 1970.'),
  header(
    'webhook-signature',
    'One signature or more, separated by spaces: `v1,` and the Base64 of HMAC-SHA256 over `id.timestamp.body`. Standard Webhooks; its libraries verify it.',
  ),
];

const titleOf = (name: string) => name.replace(/(^|[._])(\w)/g, (_, __, letter: string) => letter.toUpperCase());

function operationOf(name: string, { description, example }: EventType) {
  const body = {
    type: 'object',
    required: ['type', 'timestamp', 'data'],
    properties: {
      type: { type: 'string', enum: [name] },
      timestamp: { type: 'string', format: 'date-time', description: 'When it happened.' },
      data: { type: 'object', description: 'What it happened to. New members may come.' },
    },
    examples: [{ type: name, timestamp: '2026-02-02T18:20:04.120Z', data: example }],
  };
  return {
    post: {
      operationId: `receive${titleOf(name)}`,
      summary: `${name}`,
      description,
      tags: ['Webhooks'],
      // Its signature is all that it proves itself with.
      security: [],
      parameters: headers,
      requestBody: { required: true, content: { 'application/json': { schema: body } } },
      responses: {
        '2XX': { description: 'It was received. Answer within ten seconds, and work afterwards.' },
        '410': { description: 'Nobody is here any more: the endpoint is disabled.' },
        default: {
          description:
            'Every other answer, a redirect too, is a failure: it is tried again, ten times over about three days; after a 429 or 503 not before what its `Retry-After` asks for, within a day.',
        },
      },
    },
  };
}

/** The `webhooks` of the OpenAPI document: what the service sends, by type. */
export const webhooksOfContract: Record<string, object> = Object.fromEntries(
  Object.entries({
    ...eventTypes,
    [testType]: { description: 'Somebody tries the endpoint out.', example: { endpoint_id: id } },
  }).map(([name, type]) => [name, operationOf(name, type)]),
);
