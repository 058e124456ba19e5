import { taskIdOf } from '@lovage/celery';
import type { Clock } from '@lovage/ports';
import type { TaskEntry } from '../entry.ts';

/** As Celery's workers: so many ids, for so long. */
const MAX_IDS = 50_000;
const KEEP_MS = 3 * 3_600_000;
/** Pairs of a stamp and a value. */
const MAX_STAMPS = 10_000;

/** Who told, and why. */
export interface ToldBy {
  readonly actor: string;
  readonly reason: string;
}

interface ToldRevoke extends ToldBy {
  /** As it was told. */
  readonly wireId: string;
  /** Monotonic, ms. */
  readonly at: number;
}

/**
 * Revokes that this worker was told of: by id, and by stamps. What comes later and is one of them does not run. Rows keep the revokes of
 * tasks that have one; this is for tasks that are told of before they are here. It is bounded, and forgotten when the worker ends.
 */
export class ToldRevokes {
  private readonly byId = new Map<string, ToldRevoke>();
  /** `<stamp>\0<value>`. */
  private readonly byStamp = new Map<string, ToldBy & { readonly at: number }>();

  constructor(private readonly clock: Clock) {}

  /** The ids, as they were told, the earliest first. */
  get ids(): readonly string[] {
    this.forget();
    return [...this.byId.values()].map(({ wireId }) => wireId);
  }

  tell(wireId: string, by: ToldBy): void {
    const id = taskIdOf(wireId);
    this.byId.delete(id);
    this.byId.set(id, { ...by, wireId, at: this.clock.monotonic() });
    this.forget();
  }

  tellStamp(stamp: string, value: string, by: ToldBy): void {
    const key = `${stamp}\0${value}`;
    this.byStamp.delete(key);
    this.byStamp.set(key, { ...by, at: this.clock.monotonic() });
    this.forget();
  }

  /** Undefined: nobody has told of it. */
  of(entry: TaskEntry): ToldBy | undefined {
    if (this.byId.size === 0 && this.byStamp.size === 0) return undefined;
    this.forget();
    return this.byId.get(entry.id) ?? this.ofStamps(entry);
  }

  private ofStamps({ task }: TaskEntry): ToldBy | undefined {
    if (this.byStamp.size === 0) return undefined;
    for (const [stamp, value] of stampsOf(task.extraHeaders)) {
      const told = this.byStamp.get(`${stamp}\0${value}`);
      if (told) return told;
    }
    return undefined;
  }

  private forget(): void {
    const oldest = this.clock.monotonic() - KEEP_MS;
    cut(this.byId, MAX_IDS, oldest);
    cut(this.byStamp, MAX_STAMPS, oldest);
  }
}

/** The stamps of a message, each value by itself. */
export function stampsOf(headers: Readonly<Record<string, unknown>> | null | undefined): (readonly [string, string])[] {
  const stamps = headers?.['stamps'];
  if (typeof stamps !== 'object' || stamps === null || Array.isArray(stamps)) return [];
  return Object.entries(stamps as Record<string, unknown>).flatMap(([stamp, value]) =>
    (Array.isArray(value) ? (value as unknown[]) : [value])
      .filter((one) => typeof one === 'string' || typeof one === 'number')
      .map((one) => [stamp, String(one)] as const),
  );
}

/** In the order of their making. */
function cut(map: Map<string, { readonly at: number }>, most: number, oldest: number): void {
  for (const [key, { at }] of map) {
    if (map.size <= most && at >= oldest) return;
    map.delete(key);
  }
}
