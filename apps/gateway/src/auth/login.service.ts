import { Inject, Injectable } from '@nestjs/common';
import type { LoginBody } from '@lovage/http-api';
import type { SessionClient, UserStore } from '@lovage/ports';
import { Audit, type Origin } from '../audit/audit.service.ts';
import { USERS } from '../deps.ts';
import { addressBlock } from '../http/address-block.ts';
import { ProblemError } from '../problems/problem-error.ts';
import { LoginLimiter } from './login-limiter.ts';
import { Passwords } from './passwords.ts';
import { Sessions, type Tokens } from './sessions.service.ts';

/** Exchanges an e-mail and a password for the tokens of a login. */
@Injectable()
export class LoginService {
  constructor(
    @Inject(USERS) private readonly users: Pick<UserStore, 'findByEmail'>,
    private readonly sessions: Sessions,
    private readonly passwords: Passwords,
    private readonly limiter: LoginLimiter,
    private readonly audit: Audit,
  ) {}

  /** @throws ProblemError `credentials_wrong`, `user_disabled`, `too_many_logins`, `busy` */
  async login(body: LoginBody, origin: Origin, client: SessionClient): Promise<Tokens> {
    const { address } = origin;
    const email = body.email.toLowerCase();
    await this.limiter.attempt(address, email);
    const user = await this.users.findByEmail(email);
    const matches = await this.passwords.matches(user?.passwordHash, body.password, addressBlock(address));
    // A user who knows the password may know why it opens nothing.
    if (user && matches && user.disabledAt !== null)
      throw new ProblemError('user_disabled', 'an administrator has disabled this user; ask one to enable it');
    const answer = user && matches ? await this.sessions.begin(user, client) : undefined;
    // No answer although it matched: the password was changed while it was compared.
    if (!user || !answer)
      throw new ProblemError('credentials_wrong', 'no user has this e-mail and password', {
        headers: { 'www-authenticate': 'Bearer' },
      });
    await this.audit.note(origin, { action: 'auth.login', target: user.id, userId: user.id });
    return answer;
  }
}
