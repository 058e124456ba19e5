import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

/** Prefix of an IPv4 address as a socket that takes both kinds tells it. */
const MAPPED = /^::ffff:(?=\d+\.)/i;

/**
 * Who asks: the address of the connection, or, where that is a proxy of `TRUST_PROXY`, the one that it vouches for. What a
 * proxy passes on and is no address counts as nothing said.
 */
export function clientAddress({ ip, socket }: Pick<FastifyRequest, 'ip' | 'socket'>): string {
  const address = isIP(ip) ? ip : (socket.remoteAddress ?? '');
  return address.replace(MAPPED, '');
}
