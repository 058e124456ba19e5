export { createLog, type LogOptions } from './log/create-log.ts';
export { ServerUrlError } from '@lovage/ports';
export { openPlatform, SchemaMissingError, type Platform, type PlatformOptions } from './platform.ts';
export { runApp, type RunAppOptions, type RunningApp } from './process/run-app.ts';
