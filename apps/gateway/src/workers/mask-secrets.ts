const SECRET = /api|token|key|secret|passw|pass$|credential|signature|auth/i;
/** Names that only look so. */
const HARMLESS = /^(?:routing_key|task_queue_.*|task_default_routing_key|.*_routing_key|key_prefix)$/i;
const MASK = '********';
/** `scheme://user:password@`: the password may hold anything but these. Of a longer scheme its end will do. */
const URL_PASSWORD = /([a-z][a-z0-9+.-]{0,20}:\/\/[^\s:/@]*):[^\s@/]*@/gi;
/** Deeper than any answer; what is deeper is left out. */
const MAX_DEPTH = 32;

/** An answer of a worker without passwords: of settings whose name says that they are secret, and in URLs wherever they stand. */
export function maskSecrets(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return value.includes('@') ? value.replace(URL_PASSWORD, `$1:${MASK}@`) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) return null;
  if (Array.isArray(value)) return value.map((item) => maskSecrets(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      typeof item === 'string' && item !== '' && SECRET.test(key) && !HARMLESS.test(key)
        ? MASK
        : maskSecrets(item, depth + 1),
    ]),
  );
}
