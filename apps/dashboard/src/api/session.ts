import type { LoginAnswer, UserDocument } from '@lovage/http-api';
import { ApiError } from './api-error.ts';
import { send } from './send.ts';

export type SessionState =
  | { readonly status: 'unknown' }
  | { readonly status: 'out'; /** It was in, and ended without the user asking for it. */ readonly expired: boolean }
  | { readonly status: 'in'; readonly user: UserDocument };

/** So that a stranger's first page asks for no session that cannot be. No secret. */
const HINT = 'lovage.session';
/** Before its end a token is exchanged, ms: a request must not arrive with one that has just ended. */
const AHEAD_MS = 20_000;

/**
 * Who is signed in. The access token is in memory alone; the refresh token is in a cookie that no script can read. Tabs
 * refresh one at a time, since a refresh token is used once, and end together.
 */
export class SignedInSession {
  private token: { readonly value: string; readonly until: number } | undefined;
  private current: SessionState = { status: 'unknown' };
  private refreshing: Promise<string> | undefined;
  private readonly listeners = new Set<() => void>();
  private readonly tabs = new BroadcastChannel('lovage.session');

  constructor() {
    this.tabs.onmessage = ({ data }) => {
      if (data !== 'out' || this.current.status !== 'in') return;
      sessionStorage.clear();
      this.become({ status: 'out', expired: false });
    };
  }

  get state(): SessionState {
    return this.current;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Takes up the session of an earlier page, if there is one. @throws ApiError when the gateway is away. */
  async resume(): Promise<void> {
    if (localStorage.getItem(HINT) === null) return this.become({ status: 'out', expired: false });
    try {
      await this.refresh();
      await this.readUser();
    } catch (error) {
      if (this.current.status !== 'out') throw error;
    }
  }

  /** @throws ApiError `credentials_wrong`, `too_many_logins`, … */
  async signIn(email: string, password: string): Promise<void> {
    const body = { email, password, cookie: true };
    this.take(await send<LoginAnswer>('POST', '/api/auth/login', { body }));
    localStorage.setItem(HINT, '1');
    await this.readUser();
  }

  /** Ends this session; `everywhere`: all of this user. */
  async signOut(everywhere = false): Promise<void> {
    if (everywhere) {
      await send('POST', '/api/auth/logout-everywhere', { token: await this.accessToken() });
    } else {
      // Even where nobody answers this page forgets.
      await send('POST', '/api/auth/logout', { body: {} }).catch(() => undefined);
    }
    // What was typed and not sent is not for who signs in next.
    sessionStorage.clear();
    this.end(false);
    this.tabs.postMessage('out');
  }

  /** A token that holds for some time yet. @throws ApiError when there is no session any more. */
  async accessToken(): Promise<string> {
    if (this.token && this.token.until - AHEAD_MS > Date.now()) return this.token.value;
    return this.refresh();
  }

  /** Another token, since the one that was sent was refused. `refused`: which one; another one may be there by now. */
  async renew(refused: string): Promise<string> {
    if (this.token && this.token.value !== refused) return this.token.value;
    return this.refresh();
  }

  /** Reads the user anew: a changed name or role. */
  async readUser(): Promise<void> {
    const user = await send<UserDocument>('GET', '/api/users/me', { token: await this.accessToken() });
    this.become({ status: 'in', user });
  }

  private refresh(): Promise<string> {
    return (this.refreshing ??= this.oneAtATime(() => this.exchange()).finally(() => (this.refreshing = undefined)));
  }

  /** One tab at a time. Pages without TLS, but for localhost, have no locks: the gateway lets two refresh at once. */
  private oneAtATime<T>(act: () => Promise<T>): Promise<T> {
    return 'locks' in navigator ? navigator.locks.request('lovage.session', act) : act();
  }

  private async exchange(): Promise<string> {
    try {
      return this.take(await send<LoginAnswer>('POST', '/api/auth/refresh', { body: {} }));
    } catch (error) {
      if (error instanceof ApiError && (error.status === 401 || error.status === 403 || error.status === 422))
        this.end(this.current.status === 'in');
      throw error;
    }
  }

  private take({ accessToken, expiresIn }: LoginAnswer): string {
    this.token = { value: accessToken, until: Date.now() + expiresIn * 1_000 };
    return accessToken;
  }

  private end(expired: boolean): void {
    this.token = undefined;
    localStorage.removeItem(HINT);
    this.become({ status: 'out', expired });
  }

  private become(state: SessionState): void {
    if (state.status !== 'in') this.token = undefined;
    this.current = state;
    for (const listener of this.listeners) listener();
  }
}

export const session = new SignedInSession();
