/** Characters that are read of a message, and characters that are kept of what comes out. */
const MAX_READ = 600;
const MAX_KEPT = 500;
/** The same of a stack, and of one of its lines. */
const MAX_STACK = 8_192;
const MAX_LINE = 400;
const MAX_FRAME = 200;
/** Frames that tell where it was thrown. */
const FRAMES = 5;

/**
 * What differs from failure to failure. Each alternative begins where a word begins or with a sign of its own, and repeats only
 * what cannot be read in two ways: the time is linear.
 */
const VARIABLE = new RegExp(
  [
    /(?<url>(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,19}:\/\/[^\s"'`<>]+)/,
    /(?<text>"[^"\n]{0,300}"|`[^`\n]{0,300}`|(?<!\w)'[^'\n]{0,300}'(?!\w))/,
    /(?<email>(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5})/,
    /(?<path>(?<![\w.])(?:[A-Za-z]:|\.{1,2}|~)?(?:[\\/][\w.@~%+$-]+)+[\\/]?|(?<![\w.@~%+$-])[\w@~+-][\w.@~%+$-]{0,100}(?:[\\/][\w.@~%+$-]+){2,}[\\/]?)/,
    /(?<word>(?<![\w-])[\w-]+)/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const HEX = /^(?:0x)?(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{8,}$/i;
/** A longer word with a digit is an id rather than a name. */
const LONGEST_NAME = 15;

/**
 * The message of a failure without what differs from one to the next: numbers, ids, quoted values, addresses and paths stand as
 * `<n>`, `<id>`, `<text>`, `<email>`, `<url>` and `<path>`. At most 500 characters.
 */
export function failureText(message: string): string {
  return wellFormed(plain(message.slice(0, MAX_READ)).slice(0, MAX_KEPT));
}

function plain(text: string): string {
  return text
    .replace(VARIABLE, (found, ...rest: unknown[]) => {
      const groups = rest.at(-1) as Record<string, string | undefined>;
      if (groups['word'] !== undefined) return word(found);
      for (const kind of ['text', 'path', 'url', 'email']) if (groups[kind] !== undefined) return `<${kind}>`;
      return found;
    })
    .replace(/<n>(?:[.,:/-]<n>)+/g, '<n>')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Half a character can be kept nowhere. */
const wellFormed = (text: string): string => text.replace(/\p{Cs}/gu, '\ufffd');

function word(found: string): string {
  if (!/\d/.test(found)) return found;
  if (UUID.test(found) || HEX.test(found)) return '<id>';
  if (found.length > LONGEST_NAME && /[A-Za-z]/.test(found)) return '<id>';
  return found.replace(/\d+/g, '<n>');
}

/**
 * Where an error was thrown: the innermost frames of its stack, at most five, without paths, lines and ids. Frames of Node.js and
 * of packages are passed over unless there are no others. Stacks of JavaScript and of Python are read; none of another form: [].
 */
export function stackFrames(stack: string): string[] {
  const lines = stack.slice(0, MAX_STACK).split('\n');
  const own: string[] = [];
  const others: string[] = [];
  for (const line of lines) {
    const body = /^\s{1,20}at (.*)$/.exec(line.slice(0, MAX_LINE))?.[1];
    if (body !== undefined) readFrame(body, own, others);
    if (own.length === FRAMES) return own;
  }
  if (own.length + others.length > 0) return own.length > 0 ? own : others.slice(0, FRAMES);
  return pythonFrames(lines);
}

/** `run (file:///srv/app/send.js:10:5)`, or the place alone. */
function readFrame(body: string, own: string[], others: string[]): void {
  const open = body.lastIndexOf(' (');
  const place = (open > 0 ? body.slice(open + 2).replace(/\)$/, '') : body).replace(/:\d+$/, '').replace(/:\d+$/, '');
  const file = plain(place.slice(Math.max(place.lastIndexOf('/'), place.lastIndexOf('\\')) + 1));
  const frame = wellFormed((open > 0 ? `${plain(body.slice(0, open))} (${file})` : file).slice(0, MAX_FRAME));
  const foreign = /^(?:async )?(?:node:|<|native$|index )/.test(place) || /[\\/]node_modules[\\/]/.test(place);
  (foreign ? others : own).push(frame);
}

/** `File "/srv/app/send.py", line 10, in run`; the innermost is the last there. */
function pythonFrames(lines: readonly string[]): string[] {
  const frames = lines.flatMap((line) => {
    const [, path, name] = /^\s{1,20}File "([^"]{1,300})", line \d{1,9}, in (.{1,100})/.exec(line) ?? [];
    if (path === undefined || name === undefined) return [];
    return [`${plain(name)} (${plain(path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1))})`];
  });
  return frames.slice(-FRAMES).reverse();
}
