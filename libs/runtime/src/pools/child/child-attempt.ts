import { deferred, type Deferred } from '@lovage/foundation';
import type { Log } from '@lovage/ports';
import type { AnyContract, ChildSubmitted } from '@lovage/task';
import { NotRegistered } from '../../run/abort-reasons.ts';
import { attempt } from '../../run/attempt.ts';
import { TaskRun, type RunServices } from '../../run/task-run.ts';
import { failureToWire, readFailure, type FailureWire } from '../../run/failure.ts';
import { fromWire } from '../error-wire.ts';
import {
  MOST_SUBMITS,
  type ChildAnswer,
  type ChildSubmit,
  type ChildTask,
  type FromChild,
  type Question,
  type ToChild,
} from '../protocol.ts';
import type { ChildApp } from './child-app.ts';

const nothing = (): void => undefined;
/** What a handler logs is written by the worker, with the rest of what is known of the task. */
const droppedLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => droppedLog };

interface Submitting {
  readonly task: ChildSubmit;
  readonly answer: Deferred<ChildSubmitted>;
}

/** One attempt, as the child sees it that runs it. */
export class ChildAttempt {
  private run: TaskRun<ChildTask> | undefined;
  /** It was aborted before it began. */
  private aborted: Error | undefined;
  private contract: AnyContract | undefined;
  private asked = 0;
  /** It has told how it ended, or is about to be killed. What its code still reports is dropped: the child may run another task by now. */
  private over = false;
  /** Still to be sent, at the end of this pass of the event loop. */
  private readonly submits: Submitting[] = [];
  private readonly asking = new Map<number, Deferred<unknown>>();

  constructor(
    readonly task: ChildTask,
    private readonly post: (message: FromChild) => void,
    /** Whether the child takes no further task: asked when the attempt has ended. */
    private readonly isLast: () => boolean = () => false,
  ) {}

  /** Runs the handler and tells how it ended. */
  start(app: ChildApp): void {
    const binding = app.handlers.find(this.task.name);
    if (!binding) return this.fail(new NotRegistered(this.task.name), undefined);
    const services: RunServices<ChildTask> = {
      log: droppedLog,
      onProgress: (_, progress) => this.say({ type: 'progress', progress }),
      onLog: (_, level, message, fields) => this.say({ type: 'log', level, message, fields }),
      submitChild: (contract, input, _, options) => this.submit({ contract: contract.name, input, options }),
      steps: {
        find: async (_, key) => (await this.ask({ kind: 'findStep', key })) as string | undefined,
        keep: async (_, key, value) => (await this.ask({ kind: 'keepStep', key, value })) as string,
      },
    };
    this.contract = binding.contract;
    this.run = new TaskRun(this.task, binding.contract, services);
    if (this.aborted) this.run.abort(this.aborted);
    this.post({ type: 'begun' });
    attempt(
      binding,
      this.task,
      this.run,
      (result) => this.end({ type: 'succeeded', result }),
      (thrown) => this.fail(thrown, binding.contract),
      this.task.resultLimit,
    );
  }

  receive(message: ToChild): void {
    if (message.type === 'abort') {
      this.aborted = fromWire(message.reason);
      this.run?.abort(this.aborted);
    } else if (message.type === 'over') {
      // It has told its end meanwhile: the child is not killed.
      if (this.over) return;
      this.over = true;
      this.run?.over(fromWire(message.reason));
      this.post({ type: 'over' });
    } else if (message.type === 'answer') {
      const waiting = this.asking.get(message.no);
      this.asking.delete(message.no);
      if (message.error) waiting?.reject(fromWire(message.error));
      else waiting?.resolve(message.value);
    }
  }

  /** What is submitted at the same time goes in one question. */
  private submit(task: ChildSubmit): Promise<ChildSubmitted> {
    const answer = deferred<ChildSubmitted>();
    this.submits.push({ task, answer });
    if (this.submits.length === 1) setImmediate(() => this.sendSubmits());
    if (this.submits.length === MOST_SUBMITS) this.sendSubmits();
    return answer.promise;
  }

  private sendSubmits(): void {
    const submits = this.submits.splice(0);
    if (submits.length > 0) void this.askFor(submits);
  }

  private async askFor(submits: readonly Submitting[]): Promise<void> {
    let answers: readonly ChildAnswer[];
    try {
      answers = (await this.ask({ kind: 'submit', tasks: submits.map(({ task }) => task) })) as readonly ChildAnswer[];
    } catch (error) {
      // What cannot be cloned keeps the question from being sent: each alone, so that only that one fails.
      if (submits.length === 1) submits[0]!.answer.reject(error);
      else for (const one of submits) void this.askFor([one]);
      return;
    }
    submits.forEach(({ answer }, i) => {
      const one = answers[i]!;
      if ('submitted' in one) answer.resolve(one.submitted);
      else answer.reject(fromWire(one.error));
    });
  }

  private async ask(question: Question): Promise<unknown> {
    if (this.over) throw new Error(`task ${this.task.id} is over: nothing can be asked on its behalf`);
    this.asked += 1;
    const answer = deferred<unknown>();
    this.asking.set(this.asked, answer);
    try {
      this.post({ type: 'ask', no: this.asked, question });
    } catch (error) {
      this.asking.delete(this.asked);
      throw error;
    }
    return answer.promise;
  }

  /** Its code threw what nobody caught: whatever it waits for may never come. */
  crashed(thrown: unknown): void {
    this.fail(thrown, this.contract);
  }

  private say(message: FromChild): void {
    if (!this.over) this.post(message);
  }

  private fail(thrown: unknown, contract: AnyContract | undefined): void {
    this.end({ type: 'failed', failure: failureToWire(readFailure(thrown, contract)) });
  }

  private end(how: { type: 'succeeded'; result: string } | { type: 'failed'; failure: FailureWire }): void {
    if (this.over) return;
    // What the handler has submitted without waiting for it.
    this.sendSubmits();
    this.over = true;
    this.post({ ...how, memory: process.memoryUsage.rss(), last: this.isLast() });
  }
}
