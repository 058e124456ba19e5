import 'reflect-metadata';
import { allContracts, allSchedules } from '@lovage/contracts';
import { createLog, runApp } from '@lovage/platform';
import { exitCodeOf, parseSettings } from '@lovage/settings';
import { startBeat } from './beat-app.ts';

void runApp({
  name: 'beat',
  exitCodeOf,
  async start() {
    const settings = parseSettings(process.env, process.argv.slice(2), { for: 'beat' });
    const log = createLog({ app: 'beat', level: settings.logLevel, mode: settings.mode });
    return startBeat({ settings, schedules: allSchedules, contracts: allContracts, log });
  },
}).then((code) => process.exit(code));
