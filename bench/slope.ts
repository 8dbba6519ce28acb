/** A process' memory at one time: MB after so many million steps. */
export interface Sample {
  readonly millions: number;
  readonly mb: number;
}

export interface Growth {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  /** MB per million steps: the least-squares line through all samples. */
  readonly slope: number;
  readonly limit: number;
}

/** The line through a process' samples, and how steep it may be. */
export function growthOf(name: string, samples: readonly Sample[], limit: number): Growth {
  const count = samples.length;
  const mean = (of: (sample: Sample) => number): number =>
    samples.reduce((sum, each) => sum + of(each), 0) / count;
  const [x, y] = [mean(({ millions }) => millions), mean(({ mb }) => mb)];
  let [above, below] = [0, 0];
  for (const { millions, mb } of samples) {
    above += (millions - x) * (mb - y);
    below += (millions - x) ** 2;
  }
  const slope = below === 0 ? 0 : above / below;
  return { name, first: samples[0]?.mb ?? 0, last: samples.at(-1)?.mb ?? 0, slope, limit };
}

/** Whether its line is steeper than allowed. */
export function isGrowing({ slope, limit }: Growth): boolean {
  return slope > limit;
}
