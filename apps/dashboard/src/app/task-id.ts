const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;
/** A line of a log may come along; a file may not. */
const MOST = 2_000;

/** The task id in a text that was typed or pasted: alone, or in a line of a log or a URL. */
export function taskIdIn(text: string): string | undefined {
  return UUID.exec(text.slice(0, MOST))?.[0].toLowerCase();
}
