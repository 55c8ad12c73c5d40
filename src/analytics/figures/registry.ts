import { behaviourFigures } from './behaviours.ts';
import type { Figure } from './declare.ts';
import { followUpFigures } from './follow-ups.ts';
import { moneyFigures } from './money.ts';
import { outcomeFigures } from './outcomes.ts';
import { responseRateFigures } from './response-rates.ts';
import { scoreFigures } from './scores.ts';
import { visionFigures } from './visions.ts';

/** Every figure that a mile marker can be. */
export const figures: readonly Figure[] = [
  ...scoreFigures,
  ...responseRateFigures,
  ...outcomeFigures,
  ...moneyFigures,
  ...followUpFigures,
  ...behaviourFigures,
  ...visionFigures,
];

/** @returns undefined where there is none */
export const findFigure = (id: string): Figure | undefined => figures.find((figure) => figure.id === id);
