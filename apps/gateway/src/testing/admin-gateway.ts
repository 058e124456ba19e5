import { afterAll, beforeAll, beforeEach, expect } from '@jest/globals';
import type { AuditList } from '@lovage/http-api';
import { openUserStore, type OpenUserStore } from '@lovage/store-postgres';
import { TestClock } from '@lovage/testing';
import { ensureFirstAdmin } from '../auth/first-admin.ts';
import type { Tokens } from '../auth/sessions.service.ts';
import { passWindows } from './rate-windows.ts';
import { TestGateway, type GatewayAnswer, type TestGatewayOptions } from './test-gateway.ts';

export type { Tokens };

/** A gateway with an administrator who logs in, for the tests of one file. The limit on logins is not what they are about. */
export class AdminGateway {
  readonly admin = { email: 'ada@example.org', password: 'correct horse' };
  readonly clock = new TestClock(Date.now());
  private started: TestGateway | undefined;
  private users: OpenUserStore | undefined;

  constructor(options: TestGatewayOptions = {}) {
    beforeAll(async () => {
      this.started = await TestGateway.start({ clock: this.clock, ...options });
      this.users = await openUserStore({ url: this.gateway.db.url });
      await this.ensureAdmin();
    });
    beforeEach(() => this.passWindows());
    afterAll(async () => {
      await this.users?.close();
      await this.started?.[Symbol.asyncDispose]();
    });
  }

  /** From the first test on. */
  get gateway(): TestGateway {
    return this.started!;
  }

  /** So much time passes that logins are counted anew. */
  passWindows(): Promise<void> {
    return passWindows(this.gateway.db, this.clock, 61_000);
  }

  /** Makes the administrator again where there is none. */
  ensureAdmin(): Promise<unknown> {
    return ensureFirstAdmin(this.users!, this.admin);
  }

  async logIn(body: object = this.admin): Promise<Tokens> {
    const answer = await this.gateway.ask('/api/auth/login', { as: null, body });
    expect(answer.status).toBe(200);
    return answer.json<Tokens>();
  }

  refresh(refreshToken: string): Promise<GatewayAnswer> {
    return this.gateway.ask('/api/auth/refresh', { as: null, body: { refreshToken } });
  }

  me(token: string): Promise<GatewayAnswer> {
    return this.gateway.ask('/api/users/me', { as: { token } });
  }

  async audit(token: string): Promise<AuditList['items']> {
    return (await this.gateway.ask('/api/audit?limit=200', { as: { token } })).json<AuditList>().items;
  }
}
