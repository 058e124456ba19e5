import { causeLines, errorLine, type ErrorDetails } from '@lovage/foundation';

/** A line of pino's, as a person reads it: time, level, who, message, then the fields. */
export function readableLine(json: string, colours: boolean): string {
  let line: Record<string, unknown>;
  try {
    line = JSON.parse(json) as Record<string, unknown>;
  } catch {
    return json;
  }
  const { level, time, app, msg, err, pid: _pid, hostname: _host, ...fields } = line;
  const paint = (code: number, text: string) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  const { label, colour } = LEVELS[level as number] ?? { label: String(level), colour: 0 };
  const told = Object.entries(fields).map(([key, value]) => paint(2, `${key}=`) + valueText(value));
  const parts = [
    paint(2, timeText(time)),
    paint(colour, label.padEnd(5)),
    ...(app === undefined ? [] : [paint(36, String(app))]),
    String(msg ?? ''),
    ...told,
    ...(isError(err) ? [paint(31, errorText(err))] : []),
  ];
  const stack = isError(err) && (level as number) >= 50 ? stackText(err) : '';
  return `${parts.join(' ')}${stack && paint(2, stack)}\n`;
}

const LEVELS: Readonly<Record<number, { label: string; colour: number }>> = {
  10: { label: 'TRACE', colour: 2 },
  20: { label: 'DEBUG', colour: 34 },
  30: { label: 'INFO', colour: 32 },
  40: { label: 'WARN', colour: 33 },
  50: { label: 'ERROR', colour: 31 },
  60: { label: 'FATAL', colour: 35 },
};

type ErrorFields = Partial<ErrorDetails>;

/** With what led to it. Of an error that pino has written the message tells that already. */
function errorText({ type = 'Error', message = '', ...rest }: ErrorFields): string {
  const error = { ...rest, type, message };
  return [errorLine(error), ...causeLines(error)].join(' ← ');
}

function isError(value: unknown): value is ErrorFields {
  return typeof value === 'object' && value !== null;
}

/** The frames only: type and message stand in the line. */
function stackText(error: ErrorFields): string {
  const frames = (error.stack ?? '').split('\n').filter((frame) => /^\s+at |^caused by/i.test(frame));
  return frames.length > 0 ? `\n${frames.slice(0, 20).join('\n')}` : '';
}

function timeText(time: unknown): string {
  const date = new Date(time as number | string);
  if (Number.isNaN(date.getTime())) return String(time);
  const two = (n: number, width = 2) => String(n).padStart(width, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${two(date.getMilliseconds(), 3)}`;
}

function valueText(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
