import { deferred, type Deferred } from '@lovage/foundation';
import type { Log } from '@lovage/ports';
import { NotRegistered } from '../../run/abort-reasons.ts';
import { attempt } from '../../run/attempt.ts';
import { TaskRun, type RunServices } from '../../run/task-run.ts';
import { cloneable, fromWire, toWire, type ErrorWire } from '../error-wire.ts';
import type { ChildTask, FromChild, Question, ToChild } from '../protocol.ts';
import type { ChildApp } from './child-app.ts';

const nothing = (): void => undefined;
/** What a handler logs is written by the worker, with the rest of what is known of the task. */
const unheard: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => unheard };

/** One attempt, as the child sees it that runs it. */
export class ChildAttempt {
  private run: TaskRun<ChildTask> | undefined;
  /** It was aborted before it began. */
  private aborted: Error | undefined;
  private asked = 0;
  private readonly asking = new Map<number, Deferred<unknown>>();

  constructor(
    private readonly task: ChildTask,
    private readonly post: (message: FromChild) => void,
    /** Whether the child takes no further task. */
    private readonly last = false,
  ) {}

  /** Runs the handler and tells how it ended. */
  start(app: ChildApp): void {
    const binding = app.handlers.find(this.task.name);
    if (!binding) return this.end({ type: 'failed', error: toWire(new NotRegistered(this.task.name)) });
    const services: RunServices<ChildTask> = {
      log: unheard,
      onProgress: (_, progress) => this.post({ type: 'progress', progress }),
      onLog: (_, level, message, fields) =>
        this.post({ type: 'log', level, message: String(message), ...split(fields) }),
      submitChild: async (contract, input, _, options) =>
        (await this.ask({ kind: 'submit', contract: contract.name, input, options })) as string,
      steps: {
        find: async (_, key) => (await this.ask({ kind: 'findStep', key })) as string | undefined,
        keep: async (_, key, value) => (await this.ask({ kind: 'keepStep', key, value })) as string,
      },
    };
    this.run = new TaskRun(this.task, binding.contract, services);
    if (this.aborted) this.run.abort(this.aborted);
    this.post({ type: 'begun' });
    attempt(
      binding,
      this.task,
      this.run,
      (result) => this.end({ type: 'succeeded', result }),
      (thrown) => this.end({ type: 'failed', error: toWire(thrown) }),
    );
  }

  receive(message: ToChild): void {
    if (message.type === 'abort') {
      this.aborted = fromWire(message.reason);
      this.run?.abort(this.aborted);
    } else if (message.type === 'answer') {
      const waiting = this.asking.get(message.no);
      this.asking.delete(message.no);
      if (message.error) waiting?.reject(fromWire(message.error));
      else waiting?.resolve(message.value);
    }
  }

  private async ask(question: Question): Promise<unknown> {
    this.asked += 1;
    const answer = deferred<unknown>();
    this.asking.set(this.asked, answer);
    this.post({ type: 'ask', no: this.asked, question });
    return answer.promise;
  }

  private end(how: { type: 'succeeded'; result: string } | { type: 'failed'; error: ErrorWire }): void {
    this.post({ ...how, memory: process.memoryUsage.rss(), last: this.last });
  }
}

/** Fields of a log line, errors among them apart; what cannot be cloned is told so. */
function split(all: Record<string, unknown>): {
  fields: Record<string, unknown>;
  errors: Record<string, ErrorWire>;
} {
  const fields: Record<string, unknown> = {};
  const errors: Record<string, ErrorWire> = {};
  for (const [key, value] of Object.entries(all)) {
    if (value instanceof Error) errors[key] = toWire(value);
    else if (value !== undefined) fields[key] = cloneable(value) ?? `(a ${typeof value} that cannot be sent)`;
  }
  return { fields, errors };
}
