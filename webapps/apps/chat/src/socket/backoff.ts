/** How long to wait before trying again. */

const FIRST_MS = 400;
const LONGEST_MS = 15_000;

/** Doubles with every failure, at most 15 s; half of it is random so that clients spread out. */
export function backoff(failures: number, random: () => number = Math.random): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 10));
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
}
