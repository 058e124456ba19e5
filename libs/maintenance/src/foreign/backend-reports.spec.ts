import type { ForeignReport, OpenForeign, StateNotice } from '@lovage/ports';
import { eventually, silentLog, TestClock } from '@lovage/testing';
import { BackendReports } from './backend-reports.ts';

const [A, B] = ['0190a000-0000-7000-8000-000000000001', '0190a000-0000-7000-8000-000000000002'];
const meta = (taskId: string, status: string, result: unknown = null) =>
  JSON.stringify({ status, result, traceback: null, children: [], task_id: taskId });

function open(rows: OpenForeign[]) {
  const settled: ForeignReport[] = [];
  const kept = new Map<string, string>();
  const followed = new Set<string>();
  let tell: (notice: StateNotice) => void = () => undefined;
  const backend = {
    isUp: true,
    load: async (ids: readonly string[]) => ids.map((id) => kept.get(id) ?? null),
    watch: (onState: typeof tell) => {
      tell = onState;
      return {
        follow: (ids: readonly string[]) => ids.forEach((id) => followed.add(id)),
        unfollow: (ids: readonly string[]) => ids.forEach((id) => followed.delete(id)),
        close: () => undefined,
      };
    },
  };
  const reports = new BackendReports({
    ...{ backend, log: silentLog, clock: new TestClock() },
    rows: { openForeign: async () => rows },
    settle: async (report) => void settled.push(report),
  });
  return {
    reports,
    settled,
    kept,
    followed,
    tell: (taskId: string, text: string) => tell({ taskId, meta: Buffer.from(text) }),
  };
}

test('records what is kept of open tasks, and what is told of those that it follows, each once', async () => {
  const rows: OpenForeign[] = [{ taskId: A, state: 'QUEUED' }];
  const { reports, settled, kept, followed, tell } = open(rows);
  kept.set(A, meta(A, 'STARTED', { pid: 1, hostname: 'far@lab' }));
  await reports.start();
  await eventually(() => settled.length === 1);
  expect(settled[0]).toMatchObject({ taskId: A, state: 'STARTED', worker: 'far@lab', repeats: true });
  expect([...followed]).toEqual([A]);
  tell(A, kept.get(A)!);
  tell(B, meta(B, 'SUCCESS', 1));
  tell(A, meta(A, 'PROGRESS', { current: 1 }));
  tell(A, meta(A, 'SUCCESS', 5));
  await eventually(() => settled.length === 3);
  expect(settled.slice(1).map(({ state, value }) => [state, value])).toEqual([
    ['PROGRESS', '{"current":1}'],
    ['SUCCESS', '5'],
  ]);
  rows.length = 0;
  await reports.runOnce();
  expect(followed.size).toBe(0);
  await reports.stop();
});

test('a retry that the row has already is not told again', async () => {
  const { reports, settled, kept } = open([{ taskId: A, state: 'RETRY' }]);
  kept.set(A, meta(A, 'RETRY', { exc_type: 'E', exc_message: ['no'], exc_module: 'm' }));
  await reports.runOnce();
  expect(settled).toEqual([]);
});

test('what is said of one task under the key of another is not believed', async () => {
  const { reports, settled, kept } = open([{ taskId: A, state: 'QUEUED' }]);
  kept.set(A, meta(B, 'SUCCESS', 5));
  await reports.runOnce();
  expect(settled).toEqual([]);
});
