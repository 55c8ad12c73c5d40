import type { Operation } from './operation.ts';

type Schemas = Record<string, { properties?: object }>;

/** What is in a path means the same wherever it stands. */
const pathWords: Record<string, string> = {
  id: 'Its id.',
  key: 'Its key.',
  delivery_id: 'The id of the delivery.',
  dataset: 'The dataset, as its own path names it.',
  format: 'The form of the file.',
};

const text = (description: string, example: string) => ({
  description,
  schema: { type: 'string', examples: [example] },
});
const etag = text('Which version it is, for If-Match and If-None-Match.', '"v3"');
const location = text('The path of what was made.', '/v1/keys/0197a3c8-5b1e-7cc4-9d3a-2f1b6f0d8e11');
const link = text('The next page, where there is one.', '<https://host/v1/customers?cursor=...>; rel="next"');
const replayed = text('`true` where the Idempotency-Key was used before, and this is the answer of then.', 'true');

/** Whether what is answered is one managed noun: these have a version. */
function hasVersion({ content }: Operation['responses'][string], schemas: Schemas): boolean {
  const name = content?.['application/json']?.schema?.$ref?.split('/').at(-1) ?? '';
  return 'version' in (schemas[name]?.properties ?? {});
}

/** Tells what operations share and do not say themselves: what is in their paths, and which headers they answer. */
export function addWords({ parameters = [], responses }: Operation, method: string, schemas: Schemas): void {
  for (const parameter of parameters)
    if (parameter.in === 'path') parameter.description ??= pathWords[parameter.name] ?? '';
  const takes = (name: string) => parameters.some((one) => one.name === name);
  for (const [status, response] of Object.entries(responses)) {
    if (!/^20[0-2]$/.test(status)) continue;
    const headers = {
      ...((hasVersion(response, schemas) || '304' in responses) && { ETag: etag }),
      ...(method === 'post' && status === '201' && { Location: location }),
      ...(takes('cursor') && { Link: link }),
      ...(takes('idempotency-key') && { 'Idempotent-Replayed': replayed }),
    };
    if (Object.keys(headers).length > 0) response.headers = { ...headers, ...response.headers };
  }
}
