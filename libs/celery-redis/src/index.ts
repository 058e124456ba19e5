export { openCeleryRedis, type CeleryRedisOptions } from './celery-redis.ts';
export { CeleryBackendUrlError } from './redis-options.ts';
