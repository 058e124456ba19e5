import { allContracts } from '@lovage/contracts';
import { toError } from '@lovage/foundation';
import { createLog, openPlatform } from '@lovage/platform';
import { systemClock } from '@lovage/ports';
import { ContractRegistry, type SubmitInput, type AnyContract } from '@lovage/task';
import type { FromLoadChild, LoadOrder, ToLoadChild } from './load-messages.ts';
import { LoadGenerator } from './load-generator.ts';

/** Between two reports, ms. */
const REPORT_MS = 500;

/** Submits the tasks of one load test with a client of its own, and tells the gateway what it measures. */
async function run(order: LoadOrder, stop: AbortSignal): Promise<void> {
  const { databaseUrl, brokerUrl, deadLetterQueue, contract: name, input, queue, plan } = order;
  const contracts = new ContractRegistry(allContracts);
  const contract = contracts.find(name);
  if (!contract) throw new Error(`there is no contract ${name} here`);
  const log = createLog({ app: 'gateway', level: 'warn', mode: order.mode });
  const platform = await openPlatform({
    ...{ databaseUrl, brokerUrl, deadLetterQueue, log },
    applicationName: 'lovage-load-test',
  });
  await platform.start();
  try {
    const client = platform.client(contracts, { queues: [queue] });
    const options = { queue, userId: order.userId, tags: [order.tag] };
    const generator = new LoadGenerator(
      plan,
      async () => {
        const handle = await client.submit(contract, input as SubmitInput<AnyContract>, options);
        const succeeded = handle.result().then(
          () => true,
          () => false,
        );
        return { succeeded };
      },
      systemClock,
    );
    const report = (): void =>
      void tell({ kind: 'report', state: generator.draining ? 'draining' : 'running', report: generator.report() });
    const timer = setInterval(report, REPORT_MS);
    await generator.run(stop);
    clearInterval(timer);
    // Before the client stops: what is still waited for is told as waiting, not as failed.
    await tell({ kind: 'end', report: generator.report() });
  } finally {
    await platform.stop();
  }
}

function tell(message: FromLoadChild): Promise<void> {
  return new Promise((resolve) => process.send!(message, undefined, undefined, () => resolve()));
}

const stopping = new AbortController();
// The gateway has died: nobody reads what is measured.
process.on('disconnect', () => process.exit(0));
// A terminal signals the whole group; the gateway decides.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => stopping.abort());
process.on('message', (message: ToLoadChild) => {
  if (message.kind === 'stop') return stopping.abort();
  run(message.order, stopping.signal).then(
    () => process.exit(0),
    (error: unknown) => tell({ kind: 'failed', error: toError(error).message }).then(() => process.exit(1)),
  );
});
