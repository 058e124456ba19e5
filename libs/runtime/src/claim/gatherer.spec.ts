import fc from 'fast-check';
import type { CompiledBatch } from '@lovage/task';
import { TestClock } from '@lovage/testing';
import { TaskEntry } from '../entry.ts';
import { Gatherer } from './gatherer.ts';
import { Slots } from './waiting.ts';

const KINDS = [
  { name: 'a.b', queue: 'q', batch: { size: 3, timeoutMs: 100 } },
  { name: 'a.b', queue: 'r', batch: { size: 3, timeoutMs: 100 } },
  { name: 'a.c', queue: 'q', batch: { size: 2, timeoutMs: 50 } },
  { name: 'a.d', queue: 'q', batch: { size: 1, timeoutMs: 50 } },
  { name: 'a.e', queue: 'q', batch: undefined },
] as const;
const SLOTS = 2;

function entry({ name, queue, batch }: { name: string; queue: string; batch: CompiledBatch | undefined }): TaskEntry {
  const [task, delivery] = [
    { retries: 0, hasRow: false },
    { queue, priority: undefined, level: 'normal' },
  ];
  return new TaskEntry(task as never, { name, queue } as never, undefined, { batch } as never, delivery as never);
}

const op = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('add' as const), kind: fc.nat(KINDS.length - 1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.nat(120) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('fill' as const), max: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('refuse' as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), queue: fc.constantFrom('q', 'r') }) },
);

test('whatever comes, ends, is refused or removed: none is lost or run twice, no batch is too large or mixed, each takes one slot', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(op, { maxLength: 60 }), async (ops) => {
      const clock = new TestClock();
      const slots = new Slots({ async: SLOTS, thread: 0, process: 0 });
      const gatherer = new Gatherer(clock, (first) => slots.wait(first));
      const [waiting, running] = [new Set<TaskEntry>(), new Set<TaskEntry>()];
      let [added, ended, back] = [0, 0, 0];
      const add = (one: TaskEntry) => {
        waiting.add(one);
        if (one.options.batch) gatherer.add(one);
        else slots.wait(one);
      };
      const fill = (max: number) => {
        for (const first of slots.fill(max)) {
          const members = first.batch?.close() ?? [first];
          expect(members.length).toBeLessThanOrEqual(first.options.batch?.size ?? 1);
          for (const one of members) {
            expect([one.newTask.name, one.newTask.queue]).toEqual([first.newTask.name, first.newTask.queue]);
            expect(waiting.delete(one)).toBe(true);
            running.add(one);
          }
        }
      };
      const free = (which: number): TaskEntry | undefined => {
        const one = [...running][which % Math.max(1, running.size)];
        if (one && running.delete(one)) slots.free(one);
        return one;
      };
      const check = () => {
        const taken = new Set([...running].map((one) => one.batch ?? one)).size;
        expect(slots.taken).toBe(taken);
        expect(taken).toBeLessThanOrEqual(SLOTS);
        expect(waiting.size + running.size + ended + back).toBe(added);
      };
      for (const step of ops) {
        if (step.do === 'add') {
          added += 1;
          add(entry(KINDS[step.kind]!));
        } else if (step.do === 'advance') await clock.advance(step.ms);
        else if (step.do === 'fill') fill(step.max);
        else if (step.do === 'end') ended += free(step.which) ? 1 : 0;
        else if (step.do === 'refuse') {
          const one = free(step.which);
          if (one) add(one);
        } else {
          const wanted = [...waiting].filter(({ newTask }) => newTask.queue === step.queue);
          const all = slots.remove(step.queue).flatMap((first) => first.batch?.dissolve() ?? first);
          all.push(...gatherer.remove(step.queue));
          expect(new Set(all)).toEqual(new Set(wanted));
          for (const one of all) expect(waiting.delete(one) && one.batch === undefined).toBe(true);
          back += all.length;
        }
        check();
      }
      // What is left becomes ripe and runs.
      await clock.advance(100);
      while (waiting.size > 0 || running.size > 0) {
        while (running.size > 0) ended += free(0) ? 1 : 0;
        fill(SLOTS);
        check();
        if (running.size === 0) expect(waiting.size).toBe(0);
      }
      expect(ended + back).toBe(added);
      expect(clock.pending).toBe(0);
    }),
    { numRuns: 300 },
  );
});
