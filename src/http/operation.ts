interface Media {
  schema?: { $ref?: string };
  examples?: Record<string, { summary: string; value: unknown }>;
}

/** The parts of an operation in an OpenAPI document that are worked on here. */
export interface Operation {
  operationId: string;
  parameters?: { in: string; name: string; description?: string }[];
  requestBody?: { required: boolean; content: Record<string, Media> };
  responses: Record<string, { description?: string; $ref?: string; headers?: object; content?: Record<string, Media> }>;
  security?: unknown[];
}
