export { batchItem, type BatchItem, type BatchOutcome } from './batch.ts';
export type { ChildOptions, ChildSubmitted, TaskContext, TaskLogger } from './context.ts';
export {
  ContractRegistry,
  defineTask,
  type AnyContract,
  type Contract,
  type ErrorSchemas,
  type ErrorUnion,
  type ForeignPlatform,
  type Input,
  type Output,
  type Progress,
  type SubmitInput,
  type TaskDefinition,
} from './contract.ts';
export {
  ContractUnknownError,
  DeclaredError,
  DefinitionError,
  InputInvalidError,
  InputMisfitError,
  OutputInvalidError,
  ResultTooLarge,
  type Misfit,
  type TaskErrorCause,
  type TaskErrorDocument,
} from './errors.ts';
export { rawTask } from './raw-task.ts';
export type { BatchOptions, CompiledBatch } from './options/batch-options.ts';
export {
  concurrencyLimit,
  MAX_CONCURRENCY,
  rateIntervalMs,
  rateText,
  type CompiledConcurrency,
  type CompiledRate,
  type ConcurrencyOptions,
  type LimitKeyValue,
  type Rate,
  type RateOptions,
} from './options/limit-options.ts';
export { submitted, SubmitManyError } from './submit-many.ts';
export type { EarlierBy, TaskSubmitOptions } from './options/submit-options.ts';
export { isTime, submitIssues, TIME_RULE, type SubmitDefaults } from './options/submit-rules.ts';
export { POOLS, type PoolKind } from './options/pool-options.ts';
export {
  MAX_KEEP,
  MIN_KEEP,
  type CompiledRetention,
  type Keep,
  type RetentionOptions,
} from './options/retention-options.ts';
export {
  compileRetry,
  isLastAttempt,
  type CompiledRetry,
  type CompiledRule,
  type RetryOptions,
  type RetryRule,
} from './options/retry-options.ts';
export {
  compileOptions,
  type AckMode,
  type CompiledTaskOptions,
  type RecordMode,
  type TaskOptions,
} from './options/task-options.ts';
export {
  compileUnique,
  UNIQUE_CONFLICTS,
  type CompiledUnique,
  type SubmitUnique,
  type UniqueConflict,
  type UniqueOptions,
} from './options/unique-options.ts';
export { fieldTag, tagsOfInput } from './options/tag-options.ts';
export { endedTask, type EndedTask } from './ended-task.ts';
export { followUpsOf, type FollowUpContract } from './options/follow-up-options.ts';
export { isTag, MAX_TAG, MAX_TAGS, TAG_RULE, type FollowUp, type TaskExtra } from './task-extra.ts';
export { valueAt, type FieldPath } from './options/field-path.ts';
export {
  defineSchedule,
  storedSchedule,
  type CatchUp,
  type Schedule,
  type ScheduleDefinition,
  type StoredSchedule,
  type ScheduleOptions,
} from './schedule/define-schedule.ts';
export { cronTiming, everyTiming, nextMoment, sameTiming, type Timing } from './schedule/timing.ts';
export { isTerminal, TASK_STATES, TERMINAL_STATES, type TaskState, type TerminalState } from './states.ts';
export { revokedData, type RevokedData } from './revoked-data.ts';
export { TaskRevokedError } from './task-revoked-error.ts';
export { checkValue, MAX_ISSUES, type CheckedValue } from './check-value.ts';
export { listIssues, type Issue } from './issue.ts';
export { validateInput, validateOutput, validateProgress } from './validate.ts';
export { acceptInput } from './version/accept-input.ts';
export { bareSchema, fingerprintOf, type JsonSchema } from './version/fingerprint.ts';
export type { Migration, Migrations } from './version/migrations.ts';
export { readStamp, stampOf, type Stamp, type StampParts } from './version/stamp.ts';
export { mapInput, MappingError, MAX_MAPPING_RULES, pathProblem, type MappingRule } from './version/input-mapping.ts';
export { MAX_RESULT_LIMIT } from './options/result-limit.ts';
export { breakingChanges } from './version/breaking-changes.ts';
export { bigintsToJson } from './bigints.ts';
export { IGNORE_CODE, isUntoldEnd, REJECT_CODE } from './untold-end.ts';
