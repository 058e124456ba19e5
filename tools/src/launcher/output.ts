/** Where the launcher's words and those of its children go. */
export interface LauncherOutput {
  /** One whole line of a child. */
  line(name: string, line: string): void;
  /** The launcher's own. */
  say(text: string): void;
}

const COLOURS = [36, 33, 35, 32, 34];

/** Each line under its child's name, as in `gateway | …`; in colour on a terminal (unless `NO_COLOR` is set). */
export class TerminalOutput implements LauncherOutput {
  private readonly colours = new Map<string, number>();

  constructor(
    private readonly stream: NodeJS.WritableStream & { isTTY?: boolean } = process.stdout,
    private readonly colourful = stream.isTTY === true && !process.env['NO_COLOR'],
  ) {
    // A reader that is gone (`npm start | head`) must not end the platform.
    stream.on('error', () => undefined);
  }

  line(name: string, line: string): void {
    const head = `${name.padEnd(8)}|`;
    this.stream.write(`${this.colourful ? `\u001b[${this.colourOf(name)}m${head}\u001b[0m` : head} ${line}\n`);
  }

  say(text: string): void {
    this.stream.write(`${text}\n`);
  }

  private colourOf(name: string): number {
    let colour = this.colours.get(name);
    if (colour === undefined) {
      colour = COLOURS[this.colours.size % COLOURS.length]!;
      this.colours.set(name, colour);
    }
    return colour;
  }
}
