import { applyDecorators, SetMetadata } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBearerAuth } from '@nestjs/swagger';
import type { UserRole } from '@lovage/http-api';
import { Problems } from '../openapi/describe.ts';

const ACCESS = Symbol('access');

/** Who may call a route: anybody, or users from this role up. */
export type Access = 'public' | UserRole;

/** Anybody may call it, without a token. */
export const Public = (): MethodDecorator =>
  applyDecorators(SetMetadata(ACCESS, 'public'), RouteConfig({ public: true }));

/** Users of this role and of those above it may call it. */
export const Allow = (role: UserRole): MethodDecorator =>
  applyDecorators(SetMetadata(ACCESS, role), ApiBearerAuth(), Problems('unauthenticated', 'forbidden'));

/** What a route's handler states; a route that states nothing is for administrators alone. */
export function accessOf(handler: object): Access {
  return (Reflect.getMetadata(ACCESS, handler) as Access | undefined) ?? 'admin';
}

/** Whether the handler states who may call it. */
export function statesAccess(handler: object): boolean {
  return Reflect.hasMetadata(ACCESS, handler);
}
