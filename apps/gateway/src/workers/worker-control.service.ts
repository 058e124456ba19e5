import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { RemoteControl } from '@lovage/client';
import { hasCode } from '@lovage/foundation';
import type { WorkerAnswer, WorkerAnswers, WorkerQuestion } from '@lovage/http-api';
import type { Clock } from '@lovage/ports';
import { CLOCK, type GatewayPlatform, PLATFORM } from '../deps.ts';
import { ProblemError } from '../problems/problem-error.ts';
import { maskSecrets } from './mask-secrets.ts';

/** All workers, in the place of a name. No worker has it: theirs have an @. */
export const ALL = 'all';
/** Longest wait for what a command has come to, ms: some declare queues. */
const COMMAND_MS = 5000;
/** Longest text of a refusal. */
const MAX_ERROR = 1000;

/** Celery's names of what is asked. */
const METHODS: Readonly<Record<WorkerQuestion, { method: string; args?: Readonly<Record<string, unknown>> }>> = {
  ping: { method: 'ping' },
  stats: { method: 'stats' },
  active: { method: 'active', args: { safe: false } },
  reserved: { method: 'reserved' },
  scheduled: { method: 'scheduled' },
  registered: { method: 'registered', args: { taskinfoitems: [] } },
  queues: { method: 'active_queues' },
  conf: { method: 'conf', args: { with_defaults: false } },
  report: { method: 'report' },
  revoked: { method: 'revoked' },
  clock: { method: 'clock' },
};

/** A command of the remote control. */
export interface WorkerCommand {
  readonly method: string;
  readonly args?: Readonly<Record<string, unknown>>;
  /** Celery's workers do not answer it; one of ours may. */
  readonly unanswered?: boolean;
}

/** Asks and steers workers by Celery's remote control: those of Lovage, and those of Celery. */
@Injectable()
export class WorkerControlService implements OnModuleDestroy {
  private readonly control: RemoteControl;

  constructor(
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'workers' | 'celeryWatch' | 'broker'>,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.control = new RemoteControl({ broker: platform.broker, clock });
  }

  onModuleDestroy(): Promise<void> {
    return this.control.close();
  }

  /** @throws ProblemError `worker_unknown` `worker_silent` `worker_refused` `busy` `broker_unavailable` */
  ask(name: string, question: WorkerQuestion, timeoutMs: number): Promise<WorkerAnswers> {
    return this.run(name, METHODS[question], timeoutMs);
  }

  /** The same of a command. */
  steer(name: string, command: WorkerCommand): Promise<WorkerAnswers> {
    return this.run(name, command, COMMAND_MS);
  }

  private async run(name: string, command: WorkerCommand, timeoutMs: number): Promise<WorkerAnswers> {
    const { method, args, unanswered } = command;
    const known = await this.known();
    if (name !== ALL && !isNodeName(name)) throw unknown(name);
    const destination = name === ALL ? undefined : [name];
    const expected = destination ?? known;
    let replies: ReadonlyMap<string, unknown>;
    try {
      replies = await this.control.ask({ method, args, destination, expected, timeoutMs });
    } catch (error) {
      throw problemOf(error);
    }
    const answers = [...replies].map(([worker, value]) => answerOf(worker, value)).sort(byName);
    const silent = expected.filter((worker) => !replies.has(worker));
    if (name !== ALL && silent.length > 0) {
      // It was told, and nobody says more.
      if (unanswered && known.includes(name)) return { answers: [], silent };
      if (!known.includes(name)) throw unknown(name);
      throw new ProblemError('worker_silent', `${name} has not answered within ${timeoutMs / 1000} s`);
    }
    const [only] = answers;
    if (name !== ALL && only?.error != null) throw new ProblemError('worker_refused', `${name}: ${only.error}`);
    return { answers, silent };
  }

  /** Names of workers that should answer. */
  private async known(): Promise<string[]> {
    const present = await this.platform.workers.present(false);
    const others = await this.platform.celeryWatch.workers();
    return [...new Set([...present, ...others.filter(({ alive }) => alive)].map((worker) => worker.name))];
  }
}

const byName = (a: WorkerAnswer, b: WorkerAnswer): number => (a.worker < b.worker ? -1 : a.worker > b.worker ? 1 : 0);

const isNodeName = (name: string): boolean =>
  name.length <= 255 && /^[^\s@\p{Cc}\p{Cs}]+@[^\s\p{Cc}\p{Cs}]+$/u.test(name);

const unknown = (name: string): ProblemError =>
  new ProblemError(
    'worker_unknown',
    `no worker ${JSON.stringify(name.slice(0, 300))} is known, and none of this name answers; GET /api/workers lists those that are known, "${ALL}" stands for all`,
  );

/** A node answers a refusal, and an error of its own, with `{ "error": … }`. */
function answerOf(worker: string, value: unknown): WorkerAnswer {
  if (typeof value === 'object' && value !== null && Object.keys(value).length === 1 && 'error' in value)
    return { worker, value: null, error: String(value.error).slice(0, MAX_ERROR) };
  return { worker, value: maskSecrets(value) ?? null, error: null };
}

function problemOf(error: unknown): unknown {
  if (hasCode(error, 'control_busy')) return new ProblemError('busy', (error as Error).message);
  if (hasCode(error, 'broker_unavailable')) return new ProblemError('broker_unavailable', (error as Error).message);
  return error;
}
