// Type tests: what must not compile. Run by the typecheck of the specs.
import { z } from 'zod';
import { defineTask } from '@lovage/task';
import type { LovageClient } from './client.ts';

const divide = defineTask({
  name: 'math.divide',
  input: z.strictObject({ x: z.number(), y: z.number().default(1) }),
  output: z.number(),
  progress: z.object({ percent: z.number() }),
  errors: { DivisionByZero: z.object({ x: z.number() }), TooLarge: z.object({ most: z.string() }) },
});

export async function types(lovage: LovageClient): Promise<void> {
  const math = lovage.client({ divide });
  const value: number = await math.divide({ x: 1 });
  // @ts-expect-error the result is a number
  const text: string = await math.divide({ x: 1, y: 2 });
  // @ts-expect-error x must be a number
  await math.divide({ x: 'a', y: 2 });
  // @ts-expect-error z is no field
  await math.divide({ x: 1, y: 2, z: 3 });
  // @ts-expect-error x is missing
  await lovage.submit(divide, {});
  // @ts-expect-error no such contract in the client
  await math.multiply({ x: 1 });
  // @ts-expect-error no such option
  await math.divide.submit({ x: 1 }, { prio: 3 });
  // @ts-expect-error a call always awaits the reply
  await math.divide({ x: 1 }, { awaitReply: false });

  const result = await math.divide.safe({ x: 1, y: 0 });
  // @ts-expect-error there is a value only where ok
  void result.value;
  if (result.ok) {
    const fine: number = result.value;
    void fine;
  } else if (result.error.code === 'declared_error') {
    if (result.error.type === 'DivisionByZero') {
      const x: number = result.error.data.x;
      void x;
      // @ts-expect-error that is of the other error
      void result.error.data.most;
    }
    // @ts-expect-error not declared
    if (result.error.type === 'Overflow') void result;
  } else if (result.error.code === 'task_failed') void result.error.document.type;

  await math.divide.submit({ x: 1 }, { unique: true });
  await math.divide.submit({ x: 1 }, { unique: false });
  await math.divide.submit({ x: 1 }, { unique: { by: ['x'], period: '1h', onConflict: 'replace' } });
  await math.divide({ x: 1 }, { unique: { states: ['PENDING', 'SCHEDULED', 'QUEUED', 'SUCCESS'] } });
  // @ts-expect-error a function belongs to the contract
  await math.divide.submit({ x: 1 }, { unique: { by: () => 1 } });
  // @ts-expect-error no such option of the rule
  await math.divide.submit({ x: 1 }, { unique: { fields: ['x'] } });
  // @ts-expect-error no duration
  await math.divide.submit({ x: 1 }, { unique: { period: 'an hour' } });
  // @ts-expect-error no such answer to a conflict
  await math.divide.submit({ x: 1 }, { unique: { onConflict: 'ignore' } });
  // @ts-expect-error no such state
  await math.divide.submit({ x: 1 }, { unique: { states: ['DONE'] } });
  if (!result.ok && result.error.code === 'task_not_unique') void (result.error.taskId satisfies string);

  const many = await math.divide.submitMany([{ x: 1 }, { x: 2, y: 3 }], ({ x }, n) => ({
    idempotencyKey: `${x} ${n}`,
  }));
  void (many[0]!.id satisfies string);
  // @ts-expect-error x must be a number
  await math.divide.submitMany([{ x: 'a' }]);
  // @ts-expect-error no such option
  await math.divide.submitMany([{ x: 1 }], { prio: 3 });

  const handle = await math.divide.submit({ x: 1 });
  void (handle.earlier satisfies 'idempotencyKey' | 'unique' | undefined);
  const again: number = await handle.result();
  for await (const { percent } of handle.progress()) void (percent satisfies number);
  void [value, text, again];
}
