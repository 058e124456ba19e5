import {
  bodyIdOf,
  CanvasError,
  CanvasPlanner,
  chordError,
  chordPart,
  chordResults,
  CHUNKS_TASK,
  encodeMeta,
  encodeResult,
  failedAfter,
  planFailure,
  planSuccess,
  SignatureCheck,
  startedBy,
  type CanvasPlan,
  type FailedPart,
  type Signature,
  type TaskEmbed,
} from '@lovage/celery';
import { hasCode } from '@lovage/foundation';
import type {
  Broker,
  CanvasEnd,
  CanvasOwner,
  CeleryBackend,
  Clock,
  Followed,
  Log,
  SubmittedWith,
  TaskCanvas,
  TaskStore,
} from '@lovage/ports';
import { isUntoldEnd, type TaskErrorDocument } from '@lovage/task';
import type { CanvasQueues } from './canvas-queues.ts';
import { rowOfTask } from './canvas-rows.ts';

export interface CeleryCanvasDeps {
  /** Counts chords; without it they are refused. */
  readonly backend: Pick<CeleryBackend, BackendUse> | undefined;
  readonly tasks: Pick<TaskStore, 'insertFirstMany'>;
  readonly broker: Pick<Broker, 'reply'>;
  readonly queues: Pick<CanvasQueues, 'places'>;
  readonly clock: Clock;
  readonly log: Log;
}

type BackendUse =
  'store' | 'setChordSize' | 'saveGroup' | 'addChordPart' | 'withoutPart' | 'chordParts' | 'group' | 'endChord';

/** Before a chord is started again whose backend was away, ms. */
const RETRY_MS = 2000;
/** Chords that one end may bring to their own ends, each the body of the one before. */
const MAX_NESTED = 100;

/** A part of a chord that is done. */
interface Part {
  readonly id: string;
  readonly groupId: string;
  readonly groupIndex: number | null;
  readonly body: Signature;
  readonly end: CanvasEnd;
}

/**
 * Celery's canvas as its own workers run it. What follows an end is rows and outbox messages in the transaction of the end; chords are counted
 * on the result backend, beside Python's workers, after it. Each id follows from what came before, so whatever is done twice is there once.
 */
export class CeleryCanvas implements TaskCanvas {
  /** Tasks put into the outbox so far, by ends that others may be counted with. */
  private submitted = 0;

  constructor(private readonly deps: CeleryCanvasDeps) {}

  get chords(): boolean {
    return this.deps.backend !== undefined;
  }

  async follow(owner: CanvasOwner, end: CanvasEnd): Promise<Followed> {
    try {
      const started = end.state === 'SUCCESS' ? startedBy(owner.name, owner.kwargs) : undefined;
      const planned = started ? await this.startPlan(owner, started) : { plan: await this.planOf(owner, end), end };
      if (!planned) return { kind: 'retry', delayMs: RETRY_MS };
      const { plan } = planned;
      const followUps = { tasks: await this.rowsOf(plan, owner) };
      // Celery tells no children of a failure: a client that met its errbacks there would miss their own results.
      const children = end.state === 'SUCCESS' ? JSON.stringify(plan.children) : '[]';
      return { kind: 'followed', end: planned.end, followUps, children };
    } catch (error) {
      const { log } = this.deps;
      if (end.state !== 'SUCCESS') {
        log.error({ err: error, task: owner.id }, 'what follows the failure of a task cannot be done');
        return { kind: 'followed', end, followUps: {}, children: '[]' };
      }
      log.error({ err: error, task: owner.id }, 'what follows a task cannot be done: it has failed');
      // As in Celery: a task that cannot send what follows it has failed.
      return this.follow(owner, { state: 'FAILURE', result: null, error: documentOf(error) });
    }
  }

  async ended(
    owner: CanvasOwner,
    end: CanvasEnd,
    { repeated = false }: { readonly repeated?: boolean } = {},
  ): Promise<number> {
    const before = this.submitted;
    const embed = embedOf(owner);
    const { id, group, groupIndex } = owner;
    const chord = embed.chord as Signature | null;
    let parts: Part[] = [];
    if (chord && group !== null) parts.push({ id, groupId: group, groupIndex, body: chord, end });
    const failed = hasFailed(end) ? failedAfter((embed.chain ?? []) as Signature[]) : [];
    const told = { state: 'FAILURE', result: null, error: end.error } as const;
    await this.tell(failed, told.error);
    parts.push(...partsOf(failed, told));
    const { backend } = this.deps;
    if (repeated && backend && parts.length > 0) {
      const open = new Set(await backend.withoutPart(parts.map((part) => part.id)));
      parts = parts.filter((part) => open.has(part.id));
    }
    for (let i = 0; i < parts.length && i < MAX_NESTED; i += 1) parts.push(...(await this.count(parts[i]!, owner)));
    return this.submitted - before;
  }

  /** @throws CanvasError */
  private async planOf(owner: CanvasOwner, end: CanvasEnd): Promise<CanvasPlan> {
    const embed = embedOf(owner);
    if (hasFailed(end)) return this.failurePlan(owner, embed.errbacks);
    if (end.state !== 'SUCCESS') return { tasks: [], chords: [], children: [] };
    const result: unknown = end.result === null ? null : JSON.parse(end.result);
    return this.begun((chords) => planSuccess(owner, embed, result, { chords }));
  }

  private failurePlan(owner: Pick<CanvasOwner, 'id' | 'rootId'>, errbacks: unknown): Promise<CanvasPlan> {
    return this.begun((chords) => planFailure(owner, errbacks, { chords, salt: 'error' }));
  }

  /**
   * A canvas that a task of its own starts, and what is to follow that task. As in Celery the result of `celery.chunks` is the group that it has started.
   * Undefined: not now.
   * @throws CanvasError MalformedError
   */
  private async startPlan(
    owner: CanvasOwner,
    started: Signature,
  ): Promise<{ plan: CanvasPlan; end: CanvasEnd } | undefined> {
    new SignatureCheck().one(started, 'task');
    const chords = this.chords ? 'start' : 'refuse';
    const planner = new CanvasPlanner(owner, { chords });
    const { parent_id: parent = owner.id, root_id: root = owner.rootId ?? owner.id } = started.options;
    planner.start(started, [], { parent_id: parent, root_id: root });
    const result = owner.name === CHUNKS_TASK ? (planner.plan.children[0] ?? null) : null;
    const plan = joined(planner.plan, planSuccess(owner, embedOf(owner), result, { chords, salt: 'after' }));
    if (!(await this.begins(plan))) return undefined;
    return { plan, end: { state: 'SUCCESS', result: JSON.stringify(result), error: null } };
  }

  /** Chords begin at once where the backend takes it, else by tasks of their own. */
  private async begun(plan: (chords: 'start' | 'defer' | 'refuse') => CanvasPlan): Promise<CanvasPlan> {
    const started = plan(this.chords ? 'start' : 'refuse');
    return (await this.begins(started)) ? started : plan('defer');
  }

  /** States the sizes of chords: before the last of a header can be done. */
  private async begins({ chords }: CanvasPlan): Promise<boolean> {
    const { backend, log } = this.deps;
    if (chords.length === 0) return true;
    try {
      for (const { groupId, size, group } of chords) {
        await backend!.setChordSize(groupId, size);
        if (group !== null) await backend!.saveGroup(groupId, group);
      }
      return true;
    } catch (error) {
      log.warn(
        { err: error, chords: chords.length },
        "a chord cannot begin while Celery's result backend is away; later",
      );
      return false;
    }
  }

  private async rowsOf(
    { tasks }: CanvasPlan,
    { queue, headers }: Pick<CanvasOwner, 'queue' | 'headers'>,
  ): Promise<SubmittedWith[]> {
    if (tasks.length === 0) return [];
    const places = await this.deps.queues.places(tasks, queue);
    const now = this.deps.clock.now();
    return tasks.map((task, i) => rowOfTask(task, places[i]!, headers, now));
  }

  /** Counts a part; the last one starts the body, or ends it where a part has failed. Gives the parts of other chords that end by it. */
  private async count({ id, groupId, groupIndex, body, end }: Part, owner: CanvasOwner): Promise<Part[]> {
    const { backend } = this.deps;
    if (!backend) return [];
    const { state, result: resultJson, error } = end;
    const part = chordPart({ id, state, resultJson, error });
    const { done, size } = await backend.addChordPart({ groupId, groupIndex, part, taskId: id });
    if (size === null || done < size) return [];
    const [parts, group] = await Promise.all([backend.chordParts(groupId), backend.group(groupId)]);
    // Somebody else has counted the last one as well, and is through.
    if (parts.length < size) return [];
    const results = chordResults(parts, group);
    const failed = results.ok ? undefined : results.reason;
    if (failed === undefined) {
      const values = (results as { results: readonly unknown[] }).results;
      const after = await this.startBody(body, values, id, groupId, owner);
      if (after === undefined) {
        await backend.endChord({ groupId, taskId: id });
        return [];
      }
      return this.failBody(body, after, { groupId, taskId: id }, owner);
    }
    return this.failBody(body, failed, { groupId, taskId: id, keep: true }, owner);
  }

  /** Why it cannot run; undefined: it is sent. */
  private async startBody(
    body: Signature,
    results: readonly unknown[],
    lastId: string,
    groupId: string,
    owner: CanvasOwner,
  ): Promise<string | undefined> {
    const { parent_id: parent = lastId, root_id: root = owner.rootId ?? owner.id } = body.options;
    try {
      const plan = await this.begun((chords) => {
        // Of the chord: any process that counts the last part makes the same ids.
        const planner = new CanvasPlanner({ id: groupId, rootId: root }, { chords, salt: 'body' });
        planner.start(body, [results], { parent_id: parent, root_id: root });
        return planner.plan;
      });
      await this.submit(plan, owner);
      return undefined;
    } catch (error) {
      if (!(error instanceof CanvasError)) throw error;
      return `Callback error: ${error.name}(${JSON.stringify(error.message)})`;
    }
  }

  /** The body ends with an error: its errbacks are sent, and all that was to come of it has failed. */
  private async failBody(
    body: Signature,
    reason: string,
    chord: { groupId: string; taskId: string; keep?: boolean },
    owner: CanvasOwner,
  ): Promise<Part[]> {
    const { backend, log } = this.deps;
    const error = chordError(reason);
    const id = bodyIdOf(body);
    log.warn({ chord: chord.groupId, body: id }, `a chord has failed: ${reason}`);
    if (id !== undefined) {
      const root = body.options.root_id ?? owner.rootId ?? owner.id;
      await this.submit(await this.failurePlan({ id, rootId: root }, body.options.link_error), owner);
    }
    const failed = failedAfter([body]);
    await this.tell(failed, error);
    await backend!.endChord(chord);
    return partsOf(failed, { state: 'FAILURE', result: null, error });
  }

  private async submit(plan: CanvasPlan, owner: CanvasOwner): Promise<void> {
    const rows = await this.rowsOf(plan, owner);
    if (rows.length === 0) return;
    await this.deps.tasks.insertFirstMany(rows);
    this.submitted += rows.length;
  }

  /** Tasks that will never run have failed: for those that wait for them. */
  private async tell(failed: readonly FailedPart[], error: TaskErrorDocument | null): Promise<void> {
    const { backend, broker } = this.deps;
    if (failed.length === 0) return;
    const reason = error ?? undefined;
    if (!backend) {
      for (const { id: taskId, replyTo } of failed)
        if (replyTo !== null)
          broker.reply(replyTo, {
            correlationId: taskId,
            body: encodeResult({ taskId, state: 'FAILURE', error: reason }),
          });
      return;
    }
    await backend.store(
      failed.map(({ id: taskId, group: groupId }) => ({
        taskId,
        ...encodeMeta({ taskId, state: 'FAILURE', error, groupId, endedAt: this.deps.clock.now() }),
      })),
    );
  }
}

const joined = (a: CanvasPlan, b: CanvasPlan): CanvasPlan => ({
  tasks: [...a.tasks, ...b.tasks],
  chords: [...a.chords, ...b.chords],
  children: [...a.children, ...b.children],
});

function partsOf(failed: readonly FailedPart[], end: CanvasEnd): Part[] {
  return failed.flatMap(({ id, group, groupIndex, chord }) =>
    chord && group !== null ? { id, groupId: group, groupIndex, body: chord, end } : [],
  );
}

const embedOf = ({ embed }: CanvasOwner): TaskEmbed => ({
  callbacks: (embed['callbacks'] ?? null) as unknown[] | null,
  errbacks: (embed['errbacks'] ?? null) as unknown[] | null,
  chain: (embed['chain'] ?? null) as unknown[] | null,
  chord: isFilled(embed['chord']) ? embed['chord'] : null,
});

/** With errbacks and a chain that fails: not where the handler has rejected or ignored the task. */
const hasFailed = ({ state, error }: CanvasEnd): boolean =>
  (state === 'FAILURE' || state === 'DEAD') && !isUntoldEnd(error);

/** An empty chord asks for nothing. */
const isFilled = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0;

function documentOf(error: unknown): TaskErrorDocument {
  const { name, message } = error as Error;
  const type =
    error instanceof CanvasError ? name : hasCode(error, 'canvas_invalid') ? 'InvalidTaskError' : 'CanvasFailed';
  return { type, message };
}
