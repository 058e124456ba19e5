/** A server's URL fit for logs: the password, if any, reads `***`. A text that is no URL reads `(not a URL)`, since it may hold a secret. */
export function maskUrl(url: string): string {
  try {
    const parsed = new URL(url);
    if (parsed.password) parsed.password = '***';
    return parsed.toString();
  } catch {
    return '(not a URL)';
  }
}
