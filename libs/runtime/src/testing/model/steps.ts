import fc from 'fast-check';

/** What may happen next. Numbers choose among what is there, so that any list of steps makes sense, also a shortened one. */
export type Step =
  | {
      readonly op: 'submit';
      readonly how: 'fast' | 'rowLate' | 'python' | 'confirmLost' | 'rowFirst' | 'delayed' | 'leased';
      readonly contract: 'full' | 'claim' | 'final';
      readonly expires: boolean;
    }
  | { readonly op: 'insert' | 'time' | 'sweep' | 'loseAnswer' }
  | { readonly op: 'deliver'; readonly worker: number; readonly message: number }
  | { readonly op: 'progress' | 'keep'; readonly worker: number; readonly which: number }
  | {
      readonly op: 'finish';
      readonly worker: number;
      readonly which: number;
      readonly how: 'success' | 'failure' | 'retry' | 'retryLater' | 'snooze' | 'release' | 'childDied' | 'dead';
      readonly cut: boolean;
    }
  | {
      readonly op: 'claim' | 'crash' | 'reconnect' | 'stall' | 'resume' | 'shutDown';
      readonly worker: number;
    }
  | { readonly op: 'relay'; readonly dies: 'never' | 'leased' | 'published' }
  | { readonly op: 'expire' | 'revoke'; readonly task: number }
  | { readonly op: 'duplicate'; readonly message: number };

const worker = fc.nat(2);
const which = fc.nat(3);
const op = <T extends string>(name: T) => fc.constant(name);

export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      op: op('submit'),
      how: fc.constantFrom('fast', 'rowLate', 'python', 'confirmLost', 'rowFirst', 'delayed', 'leased'),
      contract: fc.constantFrom('full', 'full', 'claim', 'final'),
      expires: fc.boolean(),
    }),
  },
  { weight: 8, arbitrary: fc.record({ op: op('deliver'), worker, message: which }) },
  { weight: 8, arbitrary: fc.record({ op: op('claim'), worker }) },
  {
    weight: 8,
    arbitrary: fc.record({
      op: op('finish'),
      worker,
      which,
      how: fc.constantFrom('success', 'failure', 'retry', 'retryLater', 'snooze', 'release', 'childDied', 'dead'),
      cut: fc.constantFrom(false, false, true),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ op: op('relay'), dies: fc.constantFrom('never', 'never', 'leased', 'published') }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constantFrom('time', 'sweep') }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constantFrom('crash', 'reconnect', 'shutDown'), worker }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constantFrom('stall', 'stall', 'resume'), worker }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constantFrom('revoke', 'expire'), task: which }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom('progress', 'keep'), worker, which }) },
  { weight: 2, arbitrary: fc.record({ op: op('duplicate'), message: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom('insert', 'loseAnswer') }) },
);
