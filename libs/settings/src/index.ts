export type { CelerySharedSettings, ResultBackendSettings } from './celery-results-settings.ts';
export type { ChildrenSettings } from './children-settings.ts';
export { withEnvFile } from './env-file.ts';
export { ExitCode, exitCodeOf } from './exit-codes.ts';
export { gatewaySecrets, type GatewaySecrets } from './gateway-secrets.ts';
export type { HttpSettings } from './http-settings.ts';
export type { Env } from './reader.ts';
export type { HistorySettings } from './history-settings.ts';
export type { ResultsSettings } from './results-settings.ts';
export { SettingError, type SettingProblem } from './setting-error.ts';
export {
  parseSettings,
  type Admin,
  type LogLevel,
  type Mode,
  type Settings,
  type SettingsReader,
  type WorkerSettings,
} from './settings.ts';
export type { FilesSettings, MailSettings } from './task-settings.ts';
