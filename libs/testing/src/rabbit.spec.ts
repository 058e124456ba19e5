import { fileURLToPath } from 'node:url';
import amqp from 'amqplib';
import { describeWithRabbit, rabbitVerdict } from './rabbit.ts';
import { startProcess } from './start-process.ts';

test('runs where RabbitMQ answers; else skips, or fails where services are required', () => {
  expect(rabbitVerdict({ LOVAGE_TEST_AMQP: 'up', REQUIRE_SERVICES: '1' })).toBe('run');
  expect(rabbitVerdict({ LOVAGE_TEST_AMQP: 'down' })).toBe('skip');
  expect(rabbitVerdict({ LOVAGE_TEST_AMQP: 'down', REQUIRE_SERVICES: '1' })).toBe('fail');
  expect(() => rabbitVerdict({})).toThrow(/jest.preset/);
});

describe('a run of the suite below in a jest of its own', () => {
  const jest = async (env: Record<string, string>) => {
    await using run = await startProcess(
      process.execPath,
      [
        '--experimental-vm-modules',
        '../../node_modules/jest/bin/jest.js',
        '--verbose',
        'rabbit.spec',
        '-t',
        'with RabbitMQ',
      ],
      { cwd: fileURLToPath(new URL('../', import.meta.url)), env: { TEST_AMQP_URL: 'amqp://127.0.0.1:9', ...env } },
    );
    const { code } = await run.exit;
    return { code, output: run.output };
  };
  const nested = process.env['LOVAGE_SPEC_NESTED'] === '1';

  (nested ? test.skip : test)('without RabbitMQ it passes and names what it skipped', async () => {
    const { code, output } = await jest({ LOVAGE_SPEC_NESTED: '1', REQUIRE_SERVICES: '' });
    expect(output).toContain('skipped, for no RabbitMQ answers at amqp://127.0.0.1:9: with RabbitMQ');
    expect(code).toBe(0);
  });

  (nested ? test.skip : test)('where services are required it fails', async () => {
    const { code, output } = await jest({ LOVAGE_SPEC_NESTED: '1', REQUIRE_SERVICES: '1' });
    expect(output).toContain('REQUIRE_SERVICES=1 makes that a failure');
    expect(code).toBe(1);
  });
});

describeWithRabbit('with RabbitMQ', (rabbit) => {
  const used: string[] = [];

  test('gives queues of one’s own', async () => {
    used.push(rabbit.queue('spec'), rabbit.queue('spec'));
    expect(used[0]).not.toBe(used[1]);
    const connection = await amqp.connect(rabbit.url);
    const channel = await connection.createChannel();
    for (const queue of used) await channel.assertQueue(queue);
    await connection.close();
  });
});
