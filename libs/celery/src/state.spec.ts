import { isTerminal, TASK_STATES } from '@lovage/task';
import { celeryState, stateOf } from './state.ts';

const KNOWN_TO_CELERY = ['PENDING', 'STARTED', 'PROGRESS', 'RETRY', 'SUCCESS', 'FAILURE', 'REVOKED'];
const READY = ['SUCCESS', 'FAILURE', 'REVOKED'];

describe('celeryState', () => {
  it.each(TASK_STATES)('%s has a Celery state, terminal if and only if ours is', (state) => {
    expect(KNOWN_TO_CELERY).toContain(celeryState(state));
    expect(READY.includes(celeryState(state))).toBe(isTerminal(state));
  });

  it('names the nearest one', () => {
    expect(celeryState('EXPIRED')).toBe('REVOKED');
    expect(celeryState('DEAD')).toBe('FAILURE');
    expect(celeryState('QUEUED')).toBe('PENDING');
  });

  it.each([
    ['RECEIVED', 'QUEUED'],
    ['MY_STEP', 'PROGRESS'],
    ['SUCCESS', 'SUCCESS'],
    ['IGNORED', 'FAILURE'],
  ])('the Celery state %s is our %s', (status, state) => expect(stateOf(status)).toBe(state));
});
