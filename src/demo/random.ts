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

/** The generator sfc32 of Chris Doty-Humphrey (PractRand): a few lines, and it passes the usual tests of randomness. */
export function randomOf(seed: number): Random {
  let a = 0;
  let b = 0;
  let c = seed | 0;
  let counter = 1;
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  // Until the seed has spread over the whole state.
  for (let round = 0; round < 15; round++) next();
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
