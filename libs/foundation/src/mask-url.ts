const SECRET = /pass|secret|token|key/i;

/**
 * A server's URL fit for logs: the password, if any, reads `***`, and so does each parameter named like a secret. A text
 * that is no URL reads `(not a URL)`, since it may hold a secret anywhere; so does one with an `@` or `#` in a place that
 * says its password was not escaped.
 */
export function maskUrl(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return '(not a URL)';
  }
  // Without the slashes `user:password@host` parses too: as scheme and path.
  const hasAuthority = /^[a-z][a-z0-9+.-]*:\/\//i.test(url);
  if (!hasAuthority || parsed.hash !== '' || `${parsed.pathname}${parsed.search}`.includes('@')) return '(not a URL)';
  if (parsed.password) parsed.password = '***';
  for (const name of new Set(parsed.searchParams.keys())) if (SECRET.test(name)) parsed.searchParams.set(name, '***');
  return parsed.toString();
}
