/** Samples that are kept. */
const MAX_SAMPLES = 100;

/** Samples of the memory of this process, as `memsample` takes and `memdump` tells them. */
export class MemorySamples {
  private readonly samples: string[] = [];

  /** Resident memory now. */
  take(): string {
    const sample = `${(process.memoryUsage.rss() / 1024 ** 2).toFixed(1)}MB`;
    this.samples.push(sample);
    if (this.samples.length > MAX_SAMPLES) this.samples.shift();
    return sample;
  }

  /** The last ones, the newest last, and what there is now. */
  dump(count: number): string {
    const wanted = count > 0 ? this.samples.slice(-count) : [];
    return ['- rss: (sample)', ...wanted.map((sample) => `-    > ${sample}`), `- rss (end): ${this.take()}.`].join(
      '\n',
    );
  }
}
