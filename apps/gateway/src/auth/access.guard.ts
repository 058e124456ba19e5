import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { includesRole } from '@lovage/http-api';
import type { FastifyRequest } from 'fastify';
import { ProblemError } from '../problems/problem-error.ts';
import { accessOf, type Access } from './access.ts';
import { unauthenticated } from './authenticate.ts';

/** Before every handler of every controller: is this user allowed? Closed unless the route says otherwise. */
@Injectable()
export class AccessGuard implements CanActivate {
  private readonly known = new Map<object, Access>();

  canActivate(context: ExecutionContext): boolean {
    const access = this.accessOf(context.getHandler());
    if (access === 'public') return true;
    const { user } = context.switchToHttp().getRequest<FastifyRequest>();
    if (!user) throw unauthenticated();
    if (!includesRole(user.role, access))
      throw new ProblemError('forbidden', `this takes the role ${access}; yours is ${user.role}`);
    return true;
  }

  /** Reflection costs more than all the rest here. */
  private accessOf(handler: object): Access {
    let access = this.known.get(handler);
    if (access === undefined) this.known.set(handler, (access = accessOf(handler)));
    return access;
  }
}
