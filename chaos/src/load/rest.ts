import type { BatchAnswer, SubmitByNameBody } from '@lovage/http-api';

/** An answer that is slower than this is taken for none. */
const PATIENCE_MS = 20_000;

/** The gateways as a careful client uses them, round-robin: logged in, and logged in again when asked to. */
export class LoadClient {
  private token: string | undefined;

  private calls = 0;

  constructor(
    private readonly urls: readonly string[],
    private readonly admin: { readonly email: string; readonly password: string },
  ) {}

  /** @throws Error when there is no answer, or another one than outcomes. */
  async submit(tasks: readonly SubmitByNameBody[]): Promise<BatchAnswer['items']> {
    this.token ??= await this.logIn();
    const response = await this.post('/api/tasks/batch', { tasks }, { authorization: `Bearer ${this.token}` });
    if (response.status === 401) this.token = undefined;
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    return ((await response.json()) as BatchAnswer).items;
  }

  private async logIn(): Promise<string> {
    const response = await this.post('/api/auth/login', this.admin);
    if (!response.ok) throw new Error(`login: ${response.status} ${await response.text()}`);
    return ((await response.json()) as { accessToken: string }).accessToken;
  }

  private post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    this.calls += 1;
    return fetch(new URL(path, this.urls[this.calls % this.urls.length]), {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  }
}
