import { backlog } from './backlog.ts';
import { embedded } from './embedded.ts';
import { events } from './events.ts';
import { fanOutMeasurement } from './fan-out.ts';
import { gateway } from './gateway.ts';
import { handOver } from './hand-over.ts';
import { keyed } from './keyed.ts';
import { lateness } from './lateness.ts';
import { latency } from './latency.ts';
import type { Measurement } from './measurement.ts';
import { memory } from './memory.ts';
import { priorities } from './priorities.ts';
import { redis } from './redis.ts';
import { throughput } from './throughput.ts';
import { tomorrow } from './tomorrow.ts';
import { unrecorded } from './unrecorded.ts';

export const MEASUREMENTS: readonly Measurement[] = [
  throughput,
  unrecorded,
  latency,
  lateness,
  tomorrow,
  memory,
  backlog,
  priorities,
  handOver,
  keyed,
  fanOutMeasurement,
  gateway,
  embedded,
  redis,
  events,
];
