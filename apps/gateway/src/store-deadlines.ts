import { types } from 'node:util';
import type { Clock } from '@lovage/ports';
import { type GatewayDeps, type GatewayPlatform, PLATFORM_STORES } from './deps.ts';
import { withinDeadline } from './http/deadline.ts';

/** Longest wait for one answer of Postgres, ms: longer than any healthy one, shorter than people wait. */
export const STORE_DEADLINE_MS = 5_000;

/** How long calls of a method may take, ms, where that is not {@link STORE_DEADLINE_MS}. */
type Deadlines<T> = {
  readonly [Name in keyof T]?: T[Name] extends (...args: infer Args) => unknown ? (...args: Args) => number : never;
};

const UNBOUNDED = (): number => Infinity;

/**
 * The same, with a deadline for each question to Postgres: a connection whose peer has vanished tells nothing for minutes.
 * What is asked goes on there, as it would without; only nobody waits for it any more.
 */
export function withStoreDeadlines(deps: GatewayDeps): GatewayDeps {
  const { platform, clock } = deps;
  const { broker, lists, rates } = platform;
  const stores = Object.fromEntries(PLATFORM_STORES.map((name) => [name, bounded(platform[name], clock)])) as Pick<
    GatewayPlatform,
    (typeof PLATFORM_STORES)[number]
  >;
  return {
    ...deps,
    client: bounded(deps.client, clock, {
      // Told to have failed, a task would run all the same: its message may be with the broker already.
      submit: UNBOUNDED,
      submitForeign: UNBOUNDED,
      // The last batch of many may take as long as any query.
      revoke: (_tasks, { timeLimitMs = 0 } = {}) => timeLimitMs + STORE_DEADLINE_MS,
    }),
    users: bounded(deps.users, clock),
    access: bounded(deps.access, clock),
    checks: bounded(deps.checks, clock),
    platform: {
      ...stores,
      broker,
      // As the last part of a count.
      lists: bounded(lists, clock, { countAll: (_filter, { timeMs }) => timeMs + STORE_DEADLINE_MS }),
      rates: { counter: (options) => bounded(rates.counter(options), clock) },
      loadTests: <R>() => bounded(platform.loadTests<R>(), clock),
      // Its one caller has less patience.
      pingDatabase: () => platform.pingDatabase(),
    },
  };
}

/** A store whose promises reject with StoreUnavailableError when they take too long. What is no promise stays as it is. */
function bounded<T extends object>(store: T, clock: Clock, deadlines: Deadlines<T> = {}): T {
  return new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      const deadlineOf = deadlines[name as keyof T] as ((...args: unknown[]) => number) | undefined;
      return (...args: unknown[]): unknown => {
        const answer: unknown = Reflect.apply(method, target, args);
        if (!types.isPromise(answer)) return answer;
        const deadlineMs = deadlineOf?.(...args) ?? STORE_DEADLINE_MS;
        return deadlineMs === Infinity ? answer : withinDeadline(clock, answer, deadlineMs);
      };
    },
  });
}
