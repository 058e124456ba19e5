import { Inject, Injectable } from '@nestjs/common';
import { includesRole, type UserRole } from '@lovage/http-api';
import type { AccessChecks, Clock } from '@lovage/ports';
import type { FastifyRequest } from 'fastify';
import { CHECKS, CLOCK } from '../deps.ts';
import { isOfNow } from './authenticate.ts';
import { hashOf } from './secrets.ts';
import { Standings } from './standings.ts';

/** Between two looks at whether somebody may still have what is sent to them, ms. */
const LOOK_MS = 5_000;

/** Watches over answers that go on for long: the right to them may end before they do. */
@Injectable()
export class Rights {
  constructor(
    @Inject(CHECKS) private readonly checks: Pick<AccessChecks, 'useApiKey'>,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly standings: Standings,
  ) {}

  /**
   * Calls `onEnd` once when the caller is gone, has another password or key, or no longer the role. While Postgres does not
   * answer, nobody loses a right.
   * @returns how to stop that.
   */
  watch(request: FastifyRequest, role: UserRole, onEnd: () => void): () => void {
    let stopped = false;
    let cancelTimer: () => void;
    const look = async (): Promise<void> => {
      const held = await this.held(request, role).catch(() => true);
      if (stopped) return;
      if (held) schedule();
      else onEnd();
    };
    const schedule = (): void => {
      cancelTimer = this.clock.after(LOOK_MS, () => void look());
    };
    schedule();
    return () => {
      stopped = true;
      cancelTimer();
    };
  }

  private async held(request: FastifyRequest, role: UserRole): Promise<boolean> {
    const user = request.user!;
    if (user.keyId !== undefined) {
      const key = await this.checks.useApiKey(hashOf(String(request.headers['x-api-key'])));
      return key !== undefined && includesRole(key.role, role);
    }
    const standing = await this.standings.now(user.id);
    // Postgres never told.
    if (standing === undefined) return true;
    return standing !== null && isOfNow(user, standing) && includesRole(standing.role, role);
  }
}
