import type { ProblemDocument } from '@lovage/http-api';
import { ApiError } from './api-error.ts';
import { formatJson, parseJson } from './json.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
/** Parameters of a URL. `undefined` and empty lists are left out; lists are repeated. */
export type QueryValues = Readonly<Record<string, string | number | boolean | readonly string[] | null | undefined>>;

export interface SendOptions {
  readonly query?: QueryValues;
  /** Sent as JSON; bigints keep their digits. */
  readonly body?: unknown;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** `?a=1&b=2`, or nothing. */
export function queryString(query: QueryValues = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const one of [value].flat()) if (one !== undefined && one !== null) parameters.append(name, String(one));
  const text = parameters.toString();
  return text && `?${text}`;
}

/** Sends a request and gives the response. @throws ApiError for every answer but a success; AbortError when aborted. */
export async function sendRaw(method: Method, path: string, options: SendOptions = {}): Promise<Response> {
  const { query, body, token, headers, signal } = options;
  let response: Response;
  try {
    response = await fetch(path + queryString(query), {
      method,
      signal,
      credentials: 'same-origin',
      headers: {
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      body: body === undefined ? undefined : formatJson(body),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw ApiError.unreachable();
  }
  if (response.ok) return response;
  throw await problemOf(response);
}

/** Sends a request and reads the JSON of its answer; of an answer without a body: undefined. @throws ApiError */
export async function send<T = unknown>(method: Method, path: string, options: SendOptions = {}): Promise<T> {
  const response = await sendRaw(method, path, options);
  const text = await response.text();
  return (text === '' ? undefined : parseJson(text)) as T;
}

async function problemOf(response: Response): Promise<ApiError> {
  const requestId = response.headers.get('x-request-id') ?? undefined;
  if (!response.headers.get('content-type')?.startsWith('application/problem+json'))
    return ApiError.unreadable(response.status, requestId);
  try {
    const problem = (await response.json()) as ProblemDocument;
    return ApiError.of({ ...problem, requestId: problem.requestId ?? requestId });
  } catch {
    return ApiError.unreadable(response.status, requestId);
  }
}
