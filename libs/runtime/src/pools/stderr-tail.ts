import type { Readable } from 'node:stream';

/** Characters kept of what a child said at last. */
const TAIL = 4096;

/** Passes a child's stderr on to ours, and keeps its end as evidence. */
export class StderrTail {
  private kept = '';

  constructor(stream: Readable) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      process.stderr.write(chunk);
      this.kept = (this.kept + chunk).slice(-TAIL);
    });
    stream.on('error', () => undefined);
  }

  get text(): string {
    return this.kept;
  }

  /** What belongs to the child's next task is told apart from what came before. */
  clear(): void {
    this.kept = '';
  }
}
