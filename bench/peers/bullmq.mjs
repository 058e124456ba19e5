// BullMQ as a peer: worker PORT · submit PORT N · latency PORT RATE N
import { Queue, QueueEvents, Worker } from 'bullmq';

const [command, port, ...args] = process.argv.slice(2);
const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null };
const QUEUE = 'bench';
const CONCURRENCY = 50;
const IN_FLIGHT = 100;

const now = () => performance.timeOrigin + performance.now();
const tell = (result) => process.stdout.write(`RESULT ${JSON.stringify(result)}\n`);

if (command === 'worker') {
  const worker = new Worker(QUEUE, async ({ data: { x, y } }) => x + y, { connection, concurrency: CONCURRENCY });
  await worker.waitUntilReady();
  process.on('SIGTERM', () => worker.close().then(() => process.exit(0)));
  process.stdout.write('READY\n');
} else if (command === 'submit') {
  const queue = new Queue(QUEUE, { connection });
  await queue.waitUntilReady();
  const n = Number(args[0]);
  const start = now();
  let next = 0;
  const submitter = async () => {
    while (next < n) await queue.add('add', { x: next++, y: 1 });
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, submitter));
  tell({ start, end: now() });
  process.exit(0);
} else if (command === 'latency') {
  const queue = new Queue(QUEUE, { connection });
  const events = new QueueEvents(QUEUE, { connection });
  events.setMaxListeners(0);
  await events.waitUntilReady();
  const [rate, n] = args.map(Number);
  const took = [];
  const start = now();
  const calls = Array.from({ length: n }, async (_, i) => {
    await new Promise((resolve) => setTimeout(resolve, start + (i * 1000) / rate - now()));
    const began = now();
    const job = await queue.add('add', { x: i, y: 1 });
    await job.waitUntilFinished(events, 30_000);
    took.push(now() - began);
  });
  await Promise.all(calls);
  tell({ took });
  process.exit(0);
} else throw new Error(`no such command: ${command}`);
