import { isTerminal, TASK_STATES, TERMINAL_STATES } from './states.ts';

describe('states', () => {
  it('are terminal or not', () => {
    expect(TASK_STATES.filter(isTerminal)).toEqual([...TERMINAL_STATES]);
    expect(isTerminal('RETRY')).toBe(false);
    expect(isTerminal('EXPIRED')).toBe(true);
  });
});
