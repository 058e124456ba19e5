import { banner } from './banner.ts';

test('the banner names what runs where, and no password', () => {
  const text = banner({
    name: 'worker-1@host',
    version: '0.1.0',
    broker: 'amqp://guest:***@127.0.0.1:5672/',
    databaseUrl: 'postgres://user:secret@127.0.0.1:5432/lovage',
    concurrency: 20,
    childSlots: 4,
    pool: 'async',
    queues: ['default', 'mail'],
    tasks: ['math.add'],
  });
  expect(text).toContain('worker-1@host');
  expect(text).toContain('.> mail');
  expect(text).toContain('  . math.add');
  expect(text).toContain('20 (async), 4 (thread), 4 (process)');
  expect(text).not.toContain('secret');
});
