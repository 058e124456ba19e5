import { parseOptions, BenchUsageError } from './options.ts';

const names = ['throughput', 'memory'];

test('without arguments all is measured', () => {
  expect(parseOptions([], names)).toEqual({
    only: [],
    json: undefined,
    peers: [],
    list: false,
    rounds: 3,
    tasks: 20_000,
    seconds: 10,
    million: false,
  });
});

test('every option', () => {
  const argv =
    '--only memory --only throughput --json out.json --peers bullmq,celery --rounds 5 --tasks 100 --seconds 1 --million --list';
  expect(parseOptions(argv.split(' '), names)).toEqual({
    only: ['memory', 'throughput'],
    json: 'out.json',
    peers: ['bullmq', 'celery'],
    list: true,
    rounds: 5,
    tasks: 100,
    seconds: 1,
    million: true,
  });
});

test.each([
  [['--only', 'memroy'], /memroy.*throughput, memory/],
  [['--peers', 'sidekiq'], /sidekiq.*bullmq, bullmq-always, celery/],
  [['--rounds', '0'], /--rounds 0/],
  [['--tasks', '1.5'], /--tasks 1.5/],
  [['--tasks', 'many'], /--tasks many/],
  [['--fast'], /--fast/],
  [['throughput'], /throughput/],
])('%j is refused', (argv, message) => {
  expect(() => parseOptions(argv, names)).toThrow(BenchUsageError);
  expect(() => parseOptions(argv, names)).toThrow(message);
});
