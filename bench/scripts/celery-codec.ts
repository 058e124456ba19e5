// What one message costs the codec, µs: node --conditions=@lovage/source --import ./tools/ts-hooks.mjs bench/scripts/celery-codec.ts
import { decodeResult, decodeTask, encodeResult, encodeTask, type OutgoingTask } from '@lovage/celery';

const ROUNDS = 200_000;
const id = '01890a5d-ac96-774b-bcce-b302099a8057';
const task: OutgoingTask = {
  ...{ id, name: 'math.add', inputJson: '{"x":1,"y":2}', rootId: null, parentId: null, retries: 0 },
  ...{ generation: 0, hasRow: false, newTask: { userId: id, version: 1 }, replyTo: 'reply' },
};
const message = encodeTask(task);
const result = encodeResult({ taskId: id, state: 'SUCCESS', resultJson: '3' });

const cases = {
  'encode task': () => encodeTask(task),
  'decode task': () => decodeTask(message),
  'encode result': () => encodeResult({ taskId: id, state: 'SUCCESS', resultJson: '3' }),
  'decode result': () => decodeResult(result),
};
for (const [name, run] of Object.entries(cases)) {
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const start = performance.now();
    for (let i = 0; i < ROUNDS; i += 1) run();
    times.push(((performance.now() - start) / ROUNDS) * 1000);
  }
  console.log(`${name.padEnd(14)} ${times.sort((a, b) => a - b)[2]!.toFixed(2)} µs`);
}
