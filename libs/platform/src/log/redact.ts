const SECRET_FIELDS = [
  'password',
  'passwordHash',
  'secret',
  'jwtSecret',
  'token',
  'accessToken',
  'refreshToken',
  'apiKey',
  'authorization',
  'cookie',
];

/** Where pino censors: each secret field at the top and up to two levels below. */
export const REDACTED_PATHS: string[] = SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);

/** `://user:password@` anywhere in the text, with `***` for the password: messages of other libraries quote URLs. */
export function maskPasswords(text: string): string {
  return text.includes('://') ? text.replace(PASSWORD_IN_URL, '$1***@') : text;
}

// Without the scheme: a pattern that begins with one is tried at each letter of the text. Neither part holds a slash, so
// what one attempt has read is not read by the next.
const PASSWORD_IN_URL = /(:\/\/[^\s/:@"'\\]*:)[^\s/@"'\\]+@/g;
