import { badParameter } from '../errors.ts';

/** Why outcomes after a window cannot be told, and the cure. */
export const unknownWindow = (windows_days: readonly number[], window: number): string =>
  `Outcomes are kept for windows of ${windows_days.join(', ')} days; ${window} is none of them (PATCH /v1/settings changes them).`;

/**
 * The window that is asked for, in days; else 180 where it is kept, else the middle one.
 * @throws ApiError 400 for one that is not kept
 */
export function windowOf(windows_days: readonly number[], asked: number | undefined): number {
  if (asked === undefined)
    return windows_days.includes(180)
      ? 180
      : ([...windows_days].sort((a, b) => a - b)[Math.floor(windows_days.length / 2)] ?? 180);
  if (windows_days.includes(asked)) return asked;
  throw badParameter('window_days', 'unknown_window', unknownWindow(windows_days, asked));
}
