import 'reflect-metadata';
import { createLog, runApp } from '@lovage/platform';
import { exitCodeOf, parseSettings } from '@lovage/settings';
import { defineSchedule, defineTask } from '@lovage/task';
import { z } from 'zod';
import { startBeat } from '../beat-app.ts';

// A beat as main.ts runs it, with a schedule of its own that fires each second.
const tick = defineTask({ name: 'test.tick', input: z.strictObject({}), output: z.null() });
const everySecond = defineSchedule({ name: 'test.every_second', contract: tick, input: {}, every: '1s' });

void runApp({
  name: 'beat',
  exitCodeOf,
  start: () => {
    const settings = parseSettings(process.env, [], { for: 'beat' });
    const log = createLog({ app: 'beat', level: settings.logLevel, mode: settings.mode });
    return startBeat({ settings, schedules: [everySecond], contracts: [tick], log });
  },
}).then((code) => process.exit(code));
