import type { TaskDocument } from '@lovage/http-api';
import { isTerminal } from '@lovage/task';
import { eventually } from '@lovage/testing';
import { EventReader } from './event-reader.ts';

/** An answer of the gateway. */
export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** From the request's first byte to the answer's last. */
  readonly tookMs: number;
  json<T = unknown>(): T;
}

export interface AskOptions {
  /** Default: `POST` with a body, else `GET`. */
  readonly method?: string;
  /** A form as it is, all else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Without a token. */
  readonly anonymous?: boolean;
}

/** The REST API as a program uses it. */
export class RestClient {
  private token: string | undefined;

  constructor(
    readonly url: string,
    /** Where tasks are sent, unless a submit says otherwise. */
    private readonly queue: string,
  ) {}

  /** @throws Error with the answer when the login is refused. */
  async logIn(email: string, password: string): Promise<void> {
    const answer = await this.ask('/api/auth/login', { body: { email, password }, anonymous: true });
    if (answer.status !== 200) throw new Error(`login: ${answer.status} ${answer.text}`);
    this.token = answer.json<{ accessToken: string }>().accessToken;
  }

  async ask(path: string, { method, body, headers, anonymous }: AskOptions = {}): Promise<RestAnswer> {
    const began = performance.now();
    const form = body instanceof FormData;
    const response = await fetch(new URL(path, this.url), {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
      headers: {
        ...(body === undefined || form ? {} : { 'content-type': 'application/json' }),
        ...(this.token === undefined || anonymous ? {} : { authorization: `Bearer ${this.token}` }),
        ...headers,
      },
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      tookMs: performance.now() - began,
      json: <T>() => JSON.parse(text) as T,
    };
  }

  submit(name: string, input: unknown, headers: Readonly<Record<string, string>> = {}): Promise<RestAnswer> {
    return this.ask(`/api/tasks/${name}`, { body: { input, options: { queue: this.queue } }, headers });
  }

  /** Submits, and gives the accepted task. @throws Error when it is not accepted. */
  async accepted(name: string, input: unknown): Promise<TaskDocument> {
    const answer = await this.submit(name, input);
    if (answer.status !== 202) throw new Error(`submit of ${name}: ${answer.status} ${answer.text}`);
    return answer.json<TaskDocument>();
  }

  async task(id: string): Promise<TaskDocument> {
    const answer = await this.ask(`/api/tasks/${id}`);
    if (answer.status !== 200) throw new Error(`task ${id}: ${answer.status} ${answer.text}`);
    return answer.json<TaskDocument>();
  }

  /** The task's events, live. */
  follow(id: string): EventReader {
    return new EventReader(`${this.url}/api/tasks/${id}/events`, { authorization: `Bearer ${this.token}` });
  }

  /** The task once it is terminal. */
  ended(id: string, options: { timeoutMs?: number; everyMs?: number } = {}): Promise<TaskDocument> {
    return eventually(
      async () => {
        const task = await this.task(id);
        return isTerminal(task.state) ? task : undefined;
      },
      { timeoutMs: 20_000, ...options },
    );
  }
}
