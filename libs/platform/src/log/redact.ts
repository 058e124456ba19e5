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

/** `scheme://user:password@` anywhere in the text, with `***` for the password: messages of other libraries quote URLs. */
export function maskPasswords(text: string): string {
  return text.includes('://') ? text.replace(PASSWORD_IN_URL, '$1***@') : text;
}

const PASSWORD_IN_URL = /([a-z][a-z0-9+.-]*:\/\/[^\s/:@"'\\]*:)[^\s/@"'\\]+@/gi;
