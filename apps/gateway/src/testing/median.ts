/** How long it takes, most of the time: the median of some runs one after the other, ms. One slow run of a busy machine says nothing. */
export async function medianMs(runs: number, work: () => Promise<unknown>): Promise<number> {
  const took: number[] = [];
  for (let n = 0; n < runs; n += 1) {
    const begun = performance.now();
    await work();
    took.push(performance.now() - begun);
  }
  return took.sort((a, b) => a - b)[Math.floor(runs / 2)]!;
}
