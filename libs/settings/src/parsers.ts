/** The whole number within the bounds; undefined for any other text. */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number | undefined => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  };

export const oneOf =
  <T extends string>(...values: T[]) =>
  (text: string): T | undefined =>
    values.find((value) => value === text.toLowerCase());

export const serverUrl =
  (...schemes: string[]) =>
  (text: string): string | undefined => {
    if (!URL.canParse(text)) return undefined;
    const url = new URL(text);
    return schemes.includes(url.protocol.slice(0, -1)) && url.hostname !== '' ? text : undefined;
  };

export const databaseUrl = (text: string): string | undefined =>
  serverUrl('postgres', 'postgresql')(text) && new URL(text).pathname.length > 1 ? text : undefined;

const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** `1048576`, `512kb`, `1MiB`: bytes; K, M and G are powers of 1024. */
export const bytes = (text: string): number | undefined => {
  const found = /^(\d{1,12})\s*(b|[kmg](?:i?b)?)?$/i.exec(text);
  const value = found ? Number(found[1]) * UNITS[(found[2] ?? '').charAt(0).toLowerCase()]! : 0;
  return value > 0 && value <= 1024 ** 3 ? value : undefined;
};

// The rule of task options (libs/task): a queue that no contract could name would never get a task.
const QUEUE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

export const queueNames = (text: string): readonly string[] | undefined => {
  const names = text.split(',').map((name) => name.trim());
  return names.every((name) => QUEUE_NAME.test(name)) ? [...new Set(names)] : undefined;
};

export const emailAddress = (text: string): string | undefined =>
  /^[^\s@]{1,64}@[^\s@]{1,190}$/.test(text) ? text.toLowerCase() : undefined;

/** Node name of a worker; `@<host>` is added where it has none, as Celery tools expect both parts. */
export const workerName =
  (host: string) =>
  (text: string): string | undefined => {
    const name = text.includes('@') ? text : `${text}@${host}`;
    return /^[^\s@\p{Cc}]{1,100}@[^\s@\p{Cc}]{1,150}$/u.test(name) ? name : undefined;
  };
