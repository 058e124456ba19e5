import type { LiveWorker, WorkerDocument } from '@lovage/http-api';
import type { Clock } from '@lovage/ports';
import type { LiveEvent, LiveSource } from './live-source.ts';

/** Workers that are remembered after they went, for clients that were slow. */
const MAX_GONE = 1_000;

interface Seen {
  readonly worker: LiveWorker;
  readonly text: string;
  readonly revision: number;
}

/** The workers that run: who came, changed and went. */
export class WorkerSource implements LiveSource {
  readonly topic = 'workers';
  /** As often as workers renew their leases. */
  readonly everyMs = 2_000;
  revision = 0;
  private workers = new Map<string, Seen>();
  private readonly gone = new Map<string, number>();
  /** Those that went up to this revision may be forgotten. */
  private forgotten = 0;
  private at = '';

  constructor(
    private readonly ask: () => Promise<readonly WorkerDocument[]>,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  async read(): Promise<void> {
    const found = await this.ask();
    const revision = this.revision + 1;
    let changed = this.revision === 0;
    const now = new Map<string, Seen>();
    for (const { contracts: _contracts, serves: _serves, ...worker } of found) {
      const text = JSON.stringify(worker);
      const before = this.workers.get(worker.id);
      const same = before?.text === text;
      now.set(worker.id, same ? before : { worker, text, revision });
      changed ||= !same;
    }
    for (const id of this.workers.keys()) {
      if (now.has(id)) continue;
      this.gone.set(id, revision);
      changed = true;
    }
    this.workers = now;
    for (const [id, when] of this.gone) {
      // A lease that lapsed may be renewed before anybody acts on it.
      if (now.has(id)) this.gone.delete(id);
      else if (this.gone.size > MAX_GONE) {
        this.gone.delete(id);
        this.forgotten = when;
      }
    }
    if (!changed) return;
    this.revision = revision;
    this.at = new Date(this.clock.now()).toISOString();
  }

  since(revision: number): LiveEvent | undefined {
    if (revision >= this.revision) return undefined;
    const whole = revision === 0 || revision < this.forgotten;
    const after = whole ? 0 : revision;
    const items = [...this.workers.values()].filter((seen) => seen.revision > after).map(({ worker }) => worker);
    const gone = whole ? [] : [...this.gone].filter(([, when]) => when > after).map(([id]) => id);
    return { event: 'workers', data: { at: this.at, whole, items, gone } };
  }
}
