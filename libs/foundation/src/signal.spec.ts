import { Signal } from './signal.ts';

describe('Signal', () => {
  it('calls each listener at each emit, until it is off', () => {
    const signal = new Signal<number>();
    const seen: string[] = [];
    const unsubscribe = signal.on((value) => seen.push(`a${value}`));
    signal.on((value) => seen.push(`b${value}`));
    signal.emit(1);
    unsubscribe();
    signal.emit(2);
    expect(seen).toEqual(['a1', 'b1', 'b2']);
  });

  it('gives the next value that fits, not one before the wait', async () => {
    const signal = new Signal<number>();
    signal.emit(10);
    const next = signal.next((value) => value > 5);
    signal.emit(1);
    signal.emit(7);
    signal.emit(8);
    await expect(next).resolves.toBe(7);
  });

  it('wakes every waiter', async () => {
    const signal = new Signal<string>();
    const waiting = [signal.next(), signal.next()];
    signal.emit('now');
    expect(await Promise.all(waiting)).toEqual(['now', 'now']);
  });

  it('allows listeners to come and leave within an emit', () => {
    const signal = new Signal();
    const seen: string[] = [];
    const unsubscribe = signal.on(() => {
      seen.push('first');
      unsubscribe();
      signal.on(() => seen.push('later'));
    });
    signal.on(() => seen.push('second'));
    signal.emit();
    expect(seen).toEqual(['first', 'second']);
    signal.emit();
    expect(seen).toEqual(['first', 'second', 'second', 'later']);
  });
});
