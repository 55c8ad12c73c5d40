import { uniformsOf } from '../stats/random.ts';

/** Numbers that look random and are the same for the same seed, on every machine. */
export interface Random {
  /** At least `low` and below `high`. */
  between(low: number, high: number): number;
  /** True with the probability `p`. */
  chance(p: number): boolean;
  /** About normal, with mean 0 and standard deviation 1. */
  normal(): number;
  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T;
  /** One of the names, each as likely as its weight says. */
  weighted<T extends string>(weights: Readonly<Record<T, number>>): T;
}

/** Random numbers of a seed, in the shapes that the demo company needs. */
export function randomOf(seed: number): Random {
  const next = uniformsOf(seed);
  return {
    between: (low, high) => low + (high - low) * next(),
    chance: (p) => next() < p,
    normal() {
      // Twelve uniforms have the variance 1, and sums come out the same everywhere.
      let sum = -6;
      for (let i = 0; i < 12; i++) sum += next();
      return sum;
    },
    pick(list) {
      const found = list[Math.floor(next() * list.length)];
      if (found === undefined) throw new Error('There is nothing to pick from.');
      return found;
    },
    weighted<T extends string>(weights: Readonly<Record<T, number>>): T {
      const names = Object.keys(weights) as T[];
      let rest = next() * names.reduce((sum, name) => sum + weights[name], 0);
      for (const name of names) {
        rest -= weights[name];
        if (rest < 0) return name;
      }
      throw new Error('No name has a weight above zero.');
    },
  };
}
