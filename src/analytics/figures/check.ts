import type { TObject } from 'typebox';
import type { Client } from '../../db/pool.ts';
import type { FieldError } from '../../errors.ts';
import { closed } from '../../http/schemas.ts';
import { compileBody } from '../../http/validation.ts';
import { readState } from '../../outcomes/collect.ts';
import { unknownWindow } from '../../outcomes/windows.ts';
import type { Figure } from './declare.ts';

/** The filters of a figure as a schema: those of its question, without the unit. */
export const filtersOf = ({ family }: Figure): TObject => closed(family.filters);

const checks = new Map<string, ReturnType<typeof compileBody>>();

/**
 * What is wrong with the filters of a figure: names that it has not, values that they cannot have, a survey that is not
 * there or of another kind, a window that is not kept, a behaviour that is not there. Pointers are into the filters,
 * `/survey`.
 */
export async function wrongFilters(
  client: Client,
  figure: Figure,
  filters: Record<string, unknown>,
): Promise<FieldError[]> {
  const check = checks.get(figure.id) ?? compileBody(filtersOf(figure));
  checks.set(figure.id, check);
  // The check fills in defaults, which the filters should follow when they change.
  const wrong = check({ ...filters });
  if (wrong) return wrong;
  return [
    ...(await wrongSurvey(client, figure, filters)),
    ...(await wrongWindow(client, filters)),
    ...(await wrongBehaviour(client, filters)),
  ];
}

async function wrongSurvey(
  client: Client,
  { id, kinds }: Figure,
  { survey }: Record<string, unknown>,
): Promise<FieldError[]> {
  if (typeof survey !== 'string') return [];
  const [found] = await client.rows<{ kind: string }>('select kind from surveys where key = $1', [survey]);
  const pointer = '/survey';
  if (!found)
    return [
      {
        pointer,
        code: 'unknown_survey',
        detail: `There is no survey '${survey}'. Make it first: PUT /v1/surveys/${encodeURIComponent(survey)}.`,
      },
    ];
  if (!kinds || kinds.includes(found.kind)) return [];
  const detail = `${id} is told of surveys of the kind ${kinds.join(' or ')}; '${survey}' is of the kind ${found.kind}.`;
  return [{ pointer, code: 'wrong_kind', detail }];
}

async function wrongWindow(client: Client, { window_days }: Record<string, unknown>): Promise<FieldError[]> {
  if (typeof window_days !== 'number') return [];
  const { windows_days } = await readState(client);
  if (windows_days.includes(window_days)) return [];
  return [{ pointer: '/window_days', code: 'unknown_window', detail: unknownWindow(windows_days, window_days) }];
}

async function wrongBehaviour(client: Client, { behaviour }: Record<string, unknown>): Promise<FieldError[]> {
  if (typeof behaviour !== 'string') return [];
  const [found] = await client.rows('select from behaviours where key = $1', [behaviour]);
  if (found) return [];
  const detail = `There is no behaviour '${behaviour}': GET /v1/behaviours lists them, POST /v1/behaviours makes one.`;
  return [{ pointer: '/behaviour', code: 'unknown_behaviour', detail }];
}
