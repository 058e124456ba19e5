import { Subscription, type Observable } from 'rxjs';
import { onAttemptOver } from '@lovage/runtime';
import type { TaskContext } from '@lovage/task';

/**
 * The last value of what a handler answered; undefined when it completes without one. It is unsubscribed, and its teardown runs,
 * when the attempt is over before it completes; of a batch, when those of all its tasks are.
 */
export function lastValueOf(
  source: Observable<unknown>,
  tasks: TaskContext | readonly TaskContext[],
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const all = new Subscription();
    const contexts = 'length' in tasks ? tasks : [tasks];
    let left = contexts.length;
    let last: unknown;
    for (const task of contexts) {
      const unsubscribe = onAttemptOver(task, (reason) => {
        left -= 1;
        if (left > 0) return;
        reject(reason);
        all.unsubscribe();
      });
      all.add(unsubscribe);
    }
    // It may have taken so long to make the observable.
    if (all.closed) return;
    all.add(
      source.subscribe({
        next: (value) => (last = value),
        error: (error: unknown) => {
          reject(error as Error);
          all.unsubscribe();
        },
        complete: () => {
          resolve(last);
          all.unsubscribe();
        },
      }),
    );
  });
}
