import { ApiError } from './api-error.ts';
import { send, sendRaw, type Method, type SendOptions } from './send.ts';
import { session } from './session.ts';

type Ask = Omit<SendOptions, 'token'>;

/** Does it with a token; once more with a new one where the gateway no longer takes the first. */
async function withToken<T>(act: (token: string) => Promise<T>): Promise<T> {
  const token = await session.accessToken();
  try {
    return await act(token);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'unauthenticated') throw error;
    return act(await session.renew(token));
  }
}

const ask = <T>(method: Method, path: string, options?: Ask): Promise<T> =>
  withToken((token) => send<T>(method, path, { ...options, token }));

/** The gateway's API, asked as the user who is signed in. Each method @throws ApiError. */
export const api = {
  get: <T>(path: string, query?: SendOptions['query'], signal?: AbortSignal) => ask<T>('GET', path, { query, signal }),
  post: <T>(path: string, body?: unknown, options?: Ask) => ask<T>('POST', path, { ...options, body: body ?? {} }),
  put: <T>(path: string, body: unknown) => ask<T>('PUT', path, { body }),
  patch: <T>(path: string, body: unknown) => ask<T>('PATCH', path, { body }),
  delete: <T = void>(path: string) => ask<T>('DELETE', path),
  /** The response itself: a stream, a file. */
  raw: (path: string, options?: Ask) => withToken((token) => sendRaw('GET', path, { ...options, token })),
};

/** A path with its parts made safe: `path('/api/tasks', id, 'logs')`. */
export function path(base: string, ...parts: readonly string[]): string {
  return [base, ...parts.map(encodeURIComponent)].join('/');
}
