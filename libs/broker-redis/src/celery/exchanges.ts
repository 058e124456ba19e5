/** Celery's exchanges beside those of tasks. */
export const EVENTS = 'celeryev';
export const CONTROL = 'celery.pidbox';
export const REPLIES = 'reply.celery.pidbox';
