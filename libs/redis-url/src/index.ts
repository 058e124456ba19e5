export { redisTargetOf, RedisUrlError, type RedisTarget, type TransportOptions } from './redis-url.ts';
