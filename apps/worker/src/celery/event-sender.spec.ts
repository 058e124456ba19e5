import { Signal } from '@lovage/foundation';
import { UnderWay, type HeldTask, type TaskEvent } from '@lovage/runtime';
import { eventually, silentLog, TestClock } from '@lovage/testing';
import { EventSender } from './event-sender.ts';
import { LamportClock } from './lamport-clock.ts';

/** A worker and a connection in the test's hands. */
class SenderFixture {
  readonly tasks = new Signal<TaskEvent>();
  readonly sent: { key: string; body: unknown }[] = [];
  readonly time = new TestClock();
  /** Whether a monitor listens. */
  monitor = false;
  probes = 0;
  readonly sender = new EventSender({
    ...{ node: 'a@b', version: '1', clock: new LamportClock(), processed: () => 0, time: this.time, log: silentLog },
    underWay: new UnderWay(),
    worker: { running: 0, signals: { tasks: this.tasks } } as never,
    link: {
      publishEvent: (key, body) => this.sent.push({ key, body: JSON.parse(String(body)) }) > 0,
      isHeard: () => {
        this.probes += 1;
        return Promise.resolve(this.monitor);
      },
    },
  });

  /** The kinds of what was sent of tasks. */
  get told(): string[] {
    const batches = this.sent.filter(({ key }) => key === 'task.multi');
    return batches.flatMap(({ body }) => (body as { type: string }[]).map(({ type }) => type));
  }

  start(): void {
    this.tasks.emit({ kind: 'started', task: { task: { id: 'x' } } as HeldTask });
  }
}

test('events of tasks are made only while a monitor listens', async () => {
  const it = new SenderFixture();
  it.sender.start();
  it.sender.enable();
  await eventually(() => it.probes === 1);
  expect(it.tasks.heard).toBe(false);
  it.start();

  it.monitor = true;
  await it.time.advance(2000);
  await eventually(() => it.tasks.heard);
  it.start();
  await eventually(() => it.told.length === 1);
  expect(it.told).toEqual(['task-started']);

  it.monitor = false;
  await it.time.advance(2000);
  await eventually(() => !it.tasks.heard);
  it.sender.stop();
  expect(it.told).toHaveLength(1);
});

test('a monitor that begins asks for a heartbeat, and is told of tasks from then on', async () => {
  const it = new SenderFixture();
  it.sender.enable();
  await eventually(() => it.probes === 1);
  it.monitor = true;
  it.sender.heartbeat();
  await eventually(() => it.tasks.heard);
  it.sender.stop();
});

test('switched off, nobody looks for a monitor', async () => {
  const it = new SenderFixture();
  it.monitor = true;
  it.sender.start();
  expect(it.sender.disable()).toBe(false);
  await it.time.advance(4000);
  expect([it.probes, it.tasks.heard]).toEqual([0, false]);
  it.sender.stop();
});

test('each kind of event is whole JSON, whatever its texts hold', async () => {
  const it = new SenderFixture();
  it.monitor = true;
  it.sender.start();
  it.sender.enable();
  await eventually(() => it.tasks.heard);
  const odd = 'a"b\\\n\ud800';
  const message = {
    id: odd,
    name: odd,
    args: [odd],
    kwargs: { [odd]: odd },
    shadow: null,
    rootId: null,
    parentId: odd,
  };
  const times = { eta: 0, expiresAt: null };
  const task = {
    ...{ task: { ...message, ...times }, newTask: { expiresAt: 1500 }, retries: 2, startedAt: 5, endedAt: 1005 },
  } as unknown as HeldTask;
  const error = { type: odd, message: odd };
  const told: TaskEvent[] = [
    { kind: 'received', task },
    { kind: 'started', task },
    { kind: 'succeeded', task, result: JSON.stringify(odd) },
    { kind: 'failed', task, error },
    { kind: 'retried', task, error: null },
    { kind: 'revoked', task, ran: true, expired: false },
    { kind: 'rejected', task, requeue: true },
  ] as TaskEvent[];
  for (const event of told) it.tasks.emit(event);
  await eventually(() => it.told.length === told.length);
  const all = it.sent.filter(({ key }) => key === 'task.multi').flatMap(({ body }) => body as object[]);
  const head = { hostname: 'a@b', utcoffset: 0, pid: process.pid, uuid: odd, timestamp: expect.any(Number) as number };
  for (const event of all) expect(event).toMatchObject(head);
  expect(all).toMatchObject([
    {
      ...{ type: 'task-received', name: odd, root_id: odd, parent_id: odd, retries: 2, args: expect.any(String) },
      ...{
        kwargs: expect.any(String),
        eta: '1970-01-01T00:00:00.000000+00:00',
        expires: '1970-01-01T00:00:01.500000+00:00',
      },
    },
    { type: 'task-started' },
    { type: 'task-succeeded', result: expect.any(String), runtime: 1.000001 },
    { type: 'task-failed', exception: expect.any(String), traceback: expect.any(String) },
    { type: 'task-retried', exception: 'Retry()', traceback: '' },
    { type: 'task-revoked', terminated: true, signum: 'SIGTERM', expired: false },
    { type: 'task-rejected', requeue: true },
  ]);
});
