import { Inject, Injectable } from '@nestjs/common';
import { newId } from '@lovage/foundation';
import type { MePatchBody, NewUserBody, UserDocument, UserList, UserPatchBody } from '@lovage/http-api';
import type { User, UserPatch, UserStore } from '@lovage/ports';
import { Audit, type Origin } from '../audit/audit.service.ts';
import { unauthenticated } from '../auth/authenticate.ts';
import type { CurrentUser } from '../auth/current-user.ts';
import { LoginLimiter } from '../auth/login-limiter.ts';
import { Passwords } from '../auth/passwords.ts';
import { Standings } from '../auth/standings.ts';
import { USERS } from '../deps.ts';
import { addressBlock } from '../http/address-block.ts';
import { ProblemError } from '../problems/problem-error.ts';
import { userDocument } from './user-document.ts';

/** What may be done to users, by themselves and by administrators. */
@Injectable()
export class UsersService {
  constructor(
    @Inject(USERS) private readonly users: UserStore,
    private readonly passwords: Passwords,
    private readonly limiter: LoginLimiter,
    private readonly standings: Standings,
    private readonly audit: Audit,
  ) {}

  async me(current: CurrentUser): Promise<UserDocument> {
    return userDocument(await this.self(current));
  }

  /** @throws ProblemError `forbidden` to an API key; `credentials_wrong` when the current password is not it. */
  async updateMe(body: MePatchBody, origin: Origin): Promise<UserDocument> {
    if (origin.user!.keyId !== undefined && Object.values(body).some((value) => value !== undefined))
      throw new ProblemError('forbidden', 'an API key cannot change its user; log in with e-mail and password');
    const user = await this.self(origin.user!);
    if (body.password) await this.provePassword(user, body.password.current, origin);
    const { name, revokeApiKeys } = body;
    return this.change(user.id, { name, password: body.password?.new, revokeApiKeys }, origin);
  }

  async list(): Promise<UserList> {
    return { items: (await this.users.list()).map(userDocument) };
  }

  /** @throws ProblemError `email_taken` */
  async create(body: NewUserBody, origin: Origin): Promise<UserDocument> {
    const { name, role } = body;
    const email = body.email.toLowerCase();
    const passwordHash = await this.passwords.hash(body.password, addressBlock(origin.address));
    const user = await this.users.insert({ id: newId(), email, name, role, passwordHash });
    if (!user) throw new ProblemError('email_taken', `there is a user with the e-mail ${email} already`);
    await this.audit.note(origin, { action: 'user.create', target: user.id, detail: { email, role } });
    return userDocument(user);
  }

  /** @throws ProblemError `user_unknown` */
  async get(id: string): Promise<UserDocument> {
    const user = await this.users.findById(id);
    if (!user) throw userUnknown(id);
    return userDocument(user);
  }

  /** @throws ProblemError `user_unknown`, `last_admin`; `own_user`: callers would lock themselves out. */
  async update(id: string, body: UserPatchBody, origin: Origin): Promise<UserDocument> {
    if (body.disabled && id === origin.user!.id)
      throw new ProblemError('own_user', 'you cannot disable yourself; another administrator can');
    return this.change(id, body, origin);
  }

  /** @throws ProblemError `user_unknown`, `last_admin` */
  async remove(id: string, origin: Origin): Promise<void> {
    const outcome = await this.users.remove(id);
    if (outcome === 'unknown') throw userUnknown(id);
    if (outcome === 'last_admin') throw lastAdmin();
    this.standings.forget(id);
    await this.audit.note(origin, { action: 'user.remove', target: id });
  }

  private async change(id: string, body: UserPatchBody, origin: Origin): Promise<UserDocument> {
    const { role, name, password, disabled, revokeApiKeys: revokeKeys = false } = body;
    const patch: UserPatch = {
      ...(role !== undefined && { role }),
      ...(name !== undefined && { name }),
      ...(disabled !== undefined && { disabled }),
      ...(password !== undefined && {
        passwordHash: await this.passwords.hash(password, addressBlock(origin.address)),
      }),
    };
    const change = await this.users.update(id, patch, { revokeKeys });
    if (change === undefined) throw userUnknown(id);
    if (change === 'last_admin') throw lastAdmin();
    this.standings.forget(id);
    if (change.switched)
      await this.audit.note(origin, { action: disabled ? 'user.disable' : 'user.enable', target: id });
    const changed = (['name', 'password', 'role'] as const).filter((key) => body[key] !== undefined);
    if (disabled !== undefined && changed.length === 0 && !revokeKeys) return userDocument(change.user);
    await this.audit.note(origin, {
      action: 'user.update',
      target: id,
      detail: {
        changed,
        ...(role !== undefined && { role }),
        ...(revokeKeys && { revokedKeys: change.revokedKeys }),
      },
    });
    return userDocument(change.user);
  }

  private async provePassword(user: User, password: string, origin: Origin): Promise<void> {
    await this.limiter.attempt(origin.address, user.email);
    if (!(await this.passwords.matches(user.passwordHash, password, addressBlock(origin.address))))
      throw new ProblemError('credentials_wrong', 'the current password is not this');
  }

  private async self(current: CurrentUser): Promise<User> {
    const user = await this.users.findById(current.id);
    if (!user) throw unauthenticated(new Error('the user is gone'));
    return user;
  }
}

export function userUnknown(id: string): ProblemError {
  return new ProblemError('user_unknown', `no user has the id ${JSON.stringify(id)}`);
}

function lastAdmin(): ProblemError {
  return new ProblemError('last_admin', 'make another administrator first');
}
