import type { WorkerDetail } from '@lovage/http-api';
import type { Steering } from '../../api/queries/worker-control.ts';

/** A value that an act asks for. */
export interface ActField {
  readonly name: string;
  readonly label: string;
  readonly help?: string;
  readonly initial?: (worker: WorkerDetail) => string;
  /** What is wrong with a text; undefined: nothing. */
  readonly wrong: (text: string) => string | undefined;
}

/** What can be done to a worker, in words, and the request that does it. */
export interface WorkerAct {
  readonly label: string;
  readonly title: (worker: string) => string;
  readonly verb: string;
  readonly effect: string;
  readonly done: string;
  readonly danger?: boolean;
  readonly fields: readonly ActField[];
  readonly steering: (values: Readonly<Record<string, string>>) => Steering;
}

type Values = Readonly<Record<string, string>>;

const wholeNumber =
  (least: number, most: number) =>
  (text: string): string | undefined =>
    /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most
      ? undefined
      : `A whole number from ${least} to ${most}`;
const isName = (text: string): string | undefined =>
  text === '' || /\s/.test(text) ? 'A name without blanks' : undefined;
const isRate = (text: string): string | undefined =>
  text === '' || /^\d+(\.\d+)?(\/[smh])?$/.test(text) ? undefined : 'Such as 2/s, 10/m, 100/h; empty: no limit';
const isSeconds = (text: string): string | undefined =>
  text === '' || (/^\d+(\.\d+)?$/.test(text) && Number(text) > 0 && Number(text) <= 2_000_000)
    ? undefined
    : 'Seconds, more than 0; empty: as the contract says';

const secondsOf = (text: string): number | null => (text === '' ? null : Number(text));
const UNTIL = 'It holds for this worker, until it ends.';
const N: ActField = { name: 'n', label: 'Tasks', initial: () => '1', wrong: wholeNumber(1, 1000) };
const TASK: ActField = { name: 'task', label: 'Name of the task', wrong: isName };
const QUEUE: ActField = { name: 'queue', label: 'Queue', wrong: isName };

export const WORKER_ACTS: readonly WorkerAct[] = [
  {
    label: 'Run more tasks at once',
    title: (worker) => `Let ${worker} run more tasks at once`,
    verb: 'Grow the pool',
    effect: `So many more at once, from now on. ${UNTIL}`,
    done: 'The pool grows',
    fields: [N],
    steering: ({ n }: Values) => ({ method: 'POST', to: ['pool', 'grow'], body: { n: Number(n) } }),
  },
  {
    label: 'Run fewer tasks at once',
    title: (worker) => `Let ${worker} run fewer tasks at once`,
    verb: 'Shrink the pool',
    effect: `So many fewer at once. What runs goes on. ${UNTIL}`,
    done: 'The pool shrinks',
    fields: [N],
    steering: ({ n }: Values) => ({ method: 'POST', to: ['pool', 'shrink'], body: { n: Number(n) } }),
  },
  {
    label: 'Fit the pool to the work',
    title: (worker) => `Let the pool of ${worker} fit itself`,
    verb: 'Autoscale',
    effect: `It grows within a second and shrinks after half a minute, between these two. ${UNTIL}`,
    done: 'The pool fits itself to what there is to do',
    fields: [
      {
        name: 'max',
        label: 'Most tasks at once',
        initial: ({ vitals, concurrency }) => String(vitals.slots ?? concurrency ?? 10),
        wrong: wholeNumber(1, 10_000),
      },
      { name: 'min', label: 'Least tasks at once', initial: () => '1', wrong: wholeNumber(1, 10_000) },
    ],
    steering: ({ max, min }: Values) => ({
      ...({ method: 'POST', to: ['autoscale'] } as const),
      body: { max: Number(max), min: Number(min) },
    }),
  },
  {
    label: 'Limit the rate of a task',
    title: (worker) => `Limit the rate of a task on ${worker}`,
    verb: 'Set the rate',
    effect: `So many of this task begin on this worker. Of all workers together: see Limits. ${UNTIL}`,
    done: 'The rate is set',
    fields: [TASK, { name: 'rate', label: 'Rate', help: 'Such as 2/s, 10/m. Empty: no limit.', wrong: isRate }],
    steering: ({ task, rate }: Values) => ({
      ...({ method: 'POST', to: ['rate-limit'] } as const),
      body: { task, rate: rate === '' ? null : rate },
    }),
  },
  {
    label: 'Limit the time of a task',
    title: (worker) => `Limit the time of a task on ${worker}`,
    verb: 'Set the limits',
    effect: `For attempts that begin from now on. ${UNTIL}`,
    done: 'The limits are set',
    fields: [
      TASK,
      { name: 'soft', label: 'Soft limit, seconds', help: 'Empty: as the contract says.', wrong: isSeconds },
      { name: 'hard', label: 'Hard limit, seconds', help: 'Empty: as the contract says.', wrong: isSeconds },
    ],
    steering: ({ task, soft = '', hard = '' }: Values) => ({
      ...({ method: 'POST', to: ['time-limit'] } as const),
      body: { task, soft: secondsOf(soft), hard: secondsOf(hard) },
    }),
  },
  {
    label: 'Serve one more queue',
    title: (worker) => `Let ${worker} serve one more queue`,
    verb: 'Serve the queue',
    effect: `It takes messages of this queue, too. ${UNTIL}`,
    done: 'It serves the queue',
    fields: [QUEUE],
    steering: ({ queue }: Values) => ({ method: 'POST', to: ['consumers'], body: { queue } }),
  },
  {
    label: 'Serve a queue no longer',
    title: (worker) => `Let ${worker} serve a queue no longer`,
    verb: 'Stop serving it',
    effect:
      'What runs of this queue goes on, what waits here is delivered to other workers. If there are none, it waits.',
    done: 'It serves the queue no longer',
    danger: true,
    fields: [QUEUE],
    steering: ({ queue }: Values) => ({ method: 'DELETE', to: ['consumers', queue!] }),
  },
  {
    label: 'Replace its children',
    title: (worker) => `Replace the threads and child processes of ${worker}?`,
    verb: 'Replace them',
    effect: 'Each ends once it has finished its task; others take their places.',
    done: 'They are being replaced',
    fields: [],
    steering: () => ({ method: 'POST', to: ['pool', 'restart'], body: {} }),
  },
  {
    label: 'Shut it down',
    title: (worker) => `Shut down ${worker}?`,
    verb: 'Shut it down',
    effect:
      'It takes nothing more, lets what runs finish within its grace, and ends. Its supervisor may start it again; else it stays gone.',
    done: 'It shuts down',
    danger: true,
    fields: [],
    steering: () => ({ method: 'POST', to: ['shutdown'], body: {} }),
  },
];
