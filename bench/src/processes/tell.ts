/** Milliseconds since the epoch, of more than millisecond precision: comparable between the processes of one machine. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** How a program gives its figures to the process that started it. */
export function tellResult(result: unknown): void {
  process.stdout.write(`RESULT ${JSON.stringify(result)}\n`);
}

export function tellReady(): void {
  process.stdout.write('READY\n');
}
