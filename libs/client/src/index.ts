export { ControlBusyError, RemoteControl, type ControlQuestion } from './control/remote-control.ts';
export { LovageClient, type LovageClientOptions } from './client.ts';
export {
  ClientStoppedError,
  IdempotencyKeyReusedError,
  ResultTimeoutError,
  SubmitOptionsError,
  TaskExpiredError,
  TaskFailedError,
  TaskUnknownError,
} from './errors.ts';
export { TaskNotUniqueError } from '@lovage/ports';
export { SubmitManyError, TaskRevokedError, type EarlierBy } from '@lovage/task';
export type { CallOptions, ResultOptions, SubmittedTask, TaskHandle } from './handle.ts';
export { messageOfRow } from './message/message-of-row.ts';
export type { CallError, SafeResult, TypedClient, TypedTask } from './proxy.ts';
export type { RevokeManyOptions, RevokeOptions, RevokeReport } from './revoke/revoker.ts';
export type { SubmitOptions } from './submit/options.ts';
export type { ForeignTask } from './submit/prepare.ts';
export { prepareForeignRow, prepareRow, type PreparedRow } from './submit/prepare-row.ts';
export { submitChildWith } from './submit/submit-child.ts';
export type { SubmittedState } from './submit/submitter.ts';
export type { TaskOutcome } from './wait/outcome.ts';
