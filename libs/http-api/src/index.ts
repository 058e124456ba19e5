export { ApiKeyDocument, ApiKeyList, NewApiKeyAnswer, NewApiKeyBody } from './auth/api-key.ts';
export { AuditDocument, AuditList } from './audit/audit.ts';
export { LogoutEverywhereAnswer, RefreshBody, SessionDocument, SessionList, SessionQuery } from './auth/session.ts';
export {
  BULK_ACTIONS,
  BULK_STATES,
  BulkBody,
  BulkJobDocument,
  BulkJobList,
  BulkListQuery,
  BulkPreviewBody,
  BulkPreviewDocument,
  type BulkAction,
  type BulkState,
} from './bulk/bulk.ts';
export { MePatchBody, NewUserBody, UserList, UserPatchBody } from './auth/user-bodies.ts';
export { LoginAnswer, LoginBody } from './auth/login.ts';
export { includesRole, USER_ROLES, type UserRole } from './auth/roles.ts';
export { UserDocument } from './auth/user.ts';
export {
  BulkRetryAnswer,
  DeadLetterDocument,
  DeadLetterGroupDocument,
  DeadLetterGroups,
  DeadLetterList,
  DeadLetterQuery,
  RedriveBody,
  RedriveManyBody,
  WholeDeadLetterDocument,
} from './dead-letters/dead-letter.ts';
export {
  ContractCheckBody,
  ContractCheckDocument,
  ContractDocument,
  ContractList,
} from './contracts/contract-document.ts';
export {
  FAILURE_TREND_PARTS,
  FailureGroupDocument,
  FailureGroupList,
  FailureGroupQuery,
  FailureGroupListQuery,
} from './failures/failure-group.ts';
export { FileDocument, FileList, FileListQuery } from './files/file-document.ts';
export { LiveDocument, ReadyDocument } from './health/health.ts';
export { LimitBody, LimitDetail, LimitDocument, LimitList } from './limits/limit.ts';
export {
  LatencyDocument,
  LOAD_TEST_MAX,
  LOAD_TEST_STATES,
  LoadTestBody,
  LoadTestDocument,
  LoadTestList,
  LoadTestPoint,
  type LoadTestState,
} from './load-tests/load-test.ts';
export { PlatformDocument } from './platform/platform.ts';
export { PROBLEM_CODES, type ProblemCode } from './problem/problem-codes.ts';
export { PROBLEM_MEDIA_TYPE, problemDocument, ProblemDocument, type ProblemParts } from './problem/problem-document.ts';
export { AttemptDocument, AttemptList } from './tasks/attempts.ts';
export { BatchAnswer, BatchBody, BatchItem, BatchItemOutcome, MAX_BATCH } from './tasks/batch.ts';
export {
  FiringDocument,
  FiringList,
  FiringListQuery,
  MAX_SCHEDULE_INPUT,
  MAX_SCHEDULES,
  PastFiringDocument,
  ScheduleBody,
  ScheduleCheckBody,
  ScheduleCheckDocument,
  ScheduleDocument,
  ScheduleList,
  SchedulePatchBody,
} from './schedules/schedule.ts';
export { InputMapping } from './tasks/mapping.ts';
export { TaskLogLine, TaskLogList, TaskLogQuery } from './tasks/logs.ts';
export {
  type FollowedTask,
  ListedTask,
  pageLimit,
  TASK_SORTS,
  TaskCountsDocument,
  TaskCountsQuery,
  TaskList,
  TaskListQuery,
  type TaskSortName,
} from './tasks/list.ts';
export { PauseBody, PurgeBody, QueueDocument, QueueList } from './queues/queue.ts';
export { ScalingDocument } from './queues/scaling.ts';
export { ExplainDocument, REASON_CODES, ReasonDocument, type ReasonCode } from './tasks/explain.ts';
export { RetryBody, RetryManyBody, RevokeBody, RevokeManyAnswer, RevokeManyBody, MAX_TASK_IDS } from './tasks/steer.ts';
export { SubmitBody, SubmitByNameBody, SubmitOptionsBody } from './tasks/submit.ts';
export {
  MAX_STATS_POINTS,
  STATS_BY,
  StatsDocument,
  StatsQuery,
  StatsSeries,
  type StatsBy,
  type StatsTimes,
} from './stats/stats.ts';
export { TaskDocument, TaskErrorDocument } from './tasks/task-document.ts';
export { MAX_VIEWS, NewViewBody, ViewDocument, ViewList, ViewListQuery, ViewPatchBody } from './views/view.ts';
export {
  LIVE_TOPICS,
  MAX_WATCHED_TASKS,
  LiveCounts,
  LivePlatform,
  type LiveEvents,
  LiveQuery,
  LiveQueues,
  LiveTask,
  LiveTasks,
  LiveThroughput,
  type LiveTopic,
  LiveWorker,
  LiveWorkers,
  MAX_LIVE_TASKS,
} from './live/live.ts';
export {
  AutoscaleBody,
  ConsumerBody,
  NoBody,
  PoolBody,
  RateLimitBody,
  TimeLimitBody,
  WORKER_QUESTIONS,
  WorkerAnswer,
  WorkerAnswers,
  type WorkerQuestion,
  WorkerQuestionQuery,
} from './workers/control.ts';
export {
  DEATH_CODES,
  type DeathCode,
  RunningTask,
  ServedContractDocument,
  WORKER_STATUSES,
  WorkerDetail,
  WorkerDocument,
  WorkerList,
  WorkerListQuery,
  WorkerQuery,
  type WorkerStatus,
  WorkerVitals,
} from './workers/worker.ts';
