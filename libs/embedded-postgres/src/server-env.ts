/**
 * The server's whole environment: English messages, which are matched; none of this process's variables, which may hold
 * secrets or steer libpq.
 */
export function serverEnv(extra: Record<string, string> = {}): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', ...extra };
}
