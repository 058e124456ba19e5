type Headers = Readonly<Record<string, unknown>>;

/**
 * The same headers for amqplib, whole numbers of 16 bits stated as ones of 32: it would write them with the tag `s`, which Python's AMQP
 * library reads as a short text. That breaks the connection of the worker or tool that gets the message.
 */
export function wideIntegers(headers: Headers): Headers {
  return isNarrow(headers) ? headers : (widened(headers) as Headers);
}

function isNarrow(value: unknown): boolean {
  if (typeof value === 'number') return !needsWidth(value);
  if (!isTable(value)) return true;
  return Object.values(value).every(isNarrow);
}

function widened(value: unknown): unknown {
  if (typeof value === 'number') return needsWidth(value) ? { '!': 'int', value } : value;
  if (!isTable(value)) return value;
  // A type that is stated already.
  if (Object.hasOwn(value, '!')) return value;
  if (Array.isArray(value)) return value.map(widened);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, widened(one)]));
}

/** What has fields or elements of its own: no bytes, no date. */
function isTable(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Buffer.isBuffer(value) && !(value instanceof Date);
}

const needsWidth = (n: number): boolean => Number.isInteger(n) && n >= -0x8000 && n < 0x8000 && (n < -128 || n > 127);
