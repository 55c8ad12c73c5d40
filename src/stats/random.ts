/**
 * The generator sfc32 of Chris Doty-Humphrey (PractRand): numbers from 0 up to, and
 * without, 1. The same seed gives the same numbers on every machine.
 */
export function uniformsOf(seed: number): () => number {
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
  return next;
}
