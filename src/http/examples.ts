import { readFileSync } from 'node:fs';
import type { Operation } from './operation.ts';

/** What one operation took and answered, by media type: written by `test/write-examples.ts`. */
export interface OperationExample {
  /** The request, as its first line says it. */
  request: string;
  sent: Record<string, unknown>;
  answered: Record<string, unknown>;
}

let recorded: Record<string, OperationExample> | undefined;

function exampleOf(operationId: string): OperationExample | undefined {
  recorded ??= JSON.parse(readFileSync(new URL('../../openapi/examples.json', import.meta.url), 'utf8')) as NonNullable<
    typeof recorded
  >;
  return recorded[operationId];
}

/** Shows in an operation what it took and answered when the demo company was asked. */
export function addExample({ operationId, requestBody, responses }: Operation): void {
  const example = exampleOf(operationId);
  if (example === undefined) return;
  const { request: summary, sent, answered } = example;
  const show = (content: Operation['responses'][string]['content'], values: Record<string, unknown>) => {
    for (const [type, media] of Object.entries(content ?? {}))
      if (type in values) media.examples = { demo: { summary, value: values[type] } };
  };
  // The other name of a merge patch stands for the same.
  const patch = sent['application/merge-patch+json'];
  show(requestBody?.content, { ...(patch !== undefined && { 'application/json': patch }), ...sent });
  for (const [status, { content }] of Object.entries(responses)) if (/^20[0-2]$/.test(status)) show(content, answered);
}
