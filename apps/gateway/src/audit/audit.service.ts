import { Inject, Injectable } from '@nestjs/common';
import type { AccessStore, NewAuditEntry } from '@lovage/ports';
import type { FastifyRequest } from 'fastify';
import type { CurrentUser } from '../auth/current-user.ts';
import { ACCESS } from '../deps.ts';
import { clientAddress } from '../http/client-address.ts';

/** Where an action comes from. */
export interface Origin {
  readonly user: CurrentUser | null;
  readonly address: string;
}

export const originOf = (request: FastifyRequest): Origin => ({ user: request.user, address: clientAddress(request) });

/** Writes down who did what. It is written before the answer: an action that cannot be accounted for is not confirmed. */
@Injectable()
export class Audit {
  constructor(@Inject(ACCESS) private readonly access: Pick<AccessStore, 'appendAudit'>) {}

  async note(origin: Origin, entry: Pick<NewAuditEntry, 'action'> & Partial<NewAuditEntry>): Promise<void> {
    await this.access.appendAudit({
      userId: origin.user?.id ?? null,
      keyId: origin.user?.keyId ?? null,
      address: origin.address,
      target: null,
      detail: null,
      ...entry,
    });
  }
}
