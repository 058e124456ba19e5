const SECRET = /pass|secret|token|key/i;
const NO_URL = '(not a URL)';

/**
 * A server's URL fit for logs: the password, if any, reads `***`, and so does each parameter named like a secret. A text
 * that is no URL reads `(not a URL)`, since it may hold a secret anywhere; so does one with an `@` or `#` in a place that
 * says its password was not escaped. A list of Sentinel's servers, `sentinel://…;sentinel://…`, is masked one by one.
 */
export function maskUrl(url: string): string {
  const list = url.split(/;(?=sentinel:\/\/)/);
  if (list.length > 1 && url.startsWith('sentinel://')) {
    const masked = list.map(maskOne);
    return masked.includes(NO_URL) ? NO_URL : masked.join(';');
  }
  return maskOne(url);
}

function maskOne(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return NO_URL;
  }
  // Without the slashes `user:password@host` parses too: as scheme and path.
  const hasAuthority = /^[a-z][a-z0-9+.-]*:\/\//i.test(url);
  if (!hasAuthority || parsed.hash !== '' || `${parsed.pathname}${parsed.search}`.includes('@')) return NO_URL;
  if (parsed.password) parsed.password = '***';
  for (const name of new Set(parsed.searchParams.keys())) if (SECRET.test(name)) parsed.searchParams.set(name, '***');
  return parsed.toString();
}
