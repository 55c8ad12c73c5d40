import assert from 'node:assert/strict';

/**
 * Asserts that a figure is told and is the expected one, by default to the six decimals that reference values are given
 * in.
 */
export function near(actual: number | null | undefined, expected: number, tolerance = 5.1e-7): void {
  assert.ok(
    typeof actual === 'number' && Math.abs(actual - expected) <= tolerance,
    `${actual} is not ${expected} +- ${tolerance}`,
  );
}

/** Asserts that no number in a figure is NaN or infinite, at any depth. */
export function allFinite(figure: unknown): void {
  if (typeof figure === 'number') assert.ok(Number.isFinite(figure), `${figure} left the function`);
  else if (figure !== null && typeof figure === 'object') for (const part of Object.values(figure)) allFinite(part);
}
