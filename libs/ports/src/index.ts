export type { LoadTest, LoadTestNote, LoadTestSpec, LoadTestState, LoadTestStore } from './load-test-store.ts';
export type { NewView, View, ViewPatch, ViewStore } from './view-store.ts';
export type { BulkFailure, BulkJob, BulkJobState, BulkLease, BulkStep, BulkStore, NewBulkJob } from './bulk-store.ts';
export {
  BrokerUnavailableError,
  ConfirmLostError,
  PublishRefusedError,
  UnroutableError,
  type Broker,
  type BrokerState,
  type Consumption,
  type ConsumptionHealth,
  type ConsumptionState,
  type ConsumeOptions,
  type Delivery,
  type OutgoingMessage,
  type QueueDepth,
  type Reply,
  type ReplyInbox,
} from './broker.ts';
export { canHaveBands, InvalidQueueNameError, isQueueName } from './queue-name.ts';
export {
  bandOf,
  bandQueue,
  DEFAULT_PRIORITY,
  isBandQueue,
  keptPriority,
  PRIORITY_BANDS,
  queueOfBand,
  type PriorityBand,
} from './priority.ts';
export { systemClock, type Clock } from './clock.ts';
export {
  SCHEMA_PAST_MS,
  type ContractStore,
  type SeenSchema,
  type ServedSchema,
  type WaitingInput,
  type WaitingStamp,
} from './contract-store.ts';
export {
  LEAST_FILE_BYTES,
  type FileLedger,
  type FileQuota,
  type FileUsage,
  type Granted,
  type SeenFile,
} from './file-ledger.ts';
export type { Log } from './log.ts';
export {
  MAX_TASK_LOG_LINES,
  TASK_LOG_LEVELS,
  type NewTaskLogLine,
  type TaskEvents,
  type TaskLogLevel,
  type TaskLogLine,
  type TaskLogSink,
  type TaskSnapshot,
  type TaskVersion,
} from './task-logs.ts';
export type {
  ClusterGauges,
  LargeField,
  ListedTask,
  TaskAttempt,
  TaskStep,
  FilteredCounts,
  TaskCounts,
  TaskFilter,
  TaskLists,
  TaskPage,
  TaskPosition,
  WholeCounts,
} from './task-lists.ts';
export { UNREADABLE_NAME } from './task-store.ts';
export type {
  ClaimedTask,
  ClaimItem,
  EndedOurs,
  EscapedItem,
  EscapedKind,
  EscapedRecord,
  FinalItem,
  FirstItem,
  FirstOutcome,
  NewTask,
  PostponeItem,
  ProgressItem,
  RecordItem,
  RevokedBy,
  RevokedReply,
  RevokedTask,
  RevokeOutcome,
  SubmittedFirst,
  TaskRow,
  TaskSituation,
  TaskStore,
  UnclaimedPostponeItem,
  WorkerId,
} from './task-store.ts';
export type { FreeingEnds, HandedOver, HandOverWish, Successor } from './hand-over.ts';
export type { PassedOn, PassOnItem, PassOnLimits, PassOnNeed, PassOnReason, ServedContract } from './pass-on.ts';
export type { QueueFacts, QueuePause, QueueReport, QueueStore } from './queue-store.ts';
export type { ServingWorker, TaskExplain, TaskFacts, TaskHolder, TaskPassedOn } from './task-explain.ts';
export { MAX_STEPS, type KeptStep, type StepClaim, type StepStore } from './step-store.ts';
export {
  StoreUnavailableError,
  TaskNotUniqueError,
  ValueRefusedError,
  type StoreUnavailableCode,
} from './store-errors.ts';
export type { SubmitKey, SubmitKeys, UniqueKey } from './submit-keys.ts';
export {
  MOST_WAITING_COUNTED,
  type ConcurrencyGate,
  type HeldBack,
  type ImposedLimits,
  type LimitChangedBy,
  type LimitedClaim,
  type LimitedClaimItem,
  type LimitedTasks,
  type LimitOverride,
  type LimitSettings,
  type LimitStore,
  type LimitUse,
  type LimitUses,
  type LimitWaiter,
  type RateGate,
  type RateSetting,
  type SlotHolder,
  type TaskLimits,
} from './limit-store.ts';
export {
  isSqlTransaction,
  type PgTransaction,
  type PrismaTransaction,
  type SqlTransaction,
} from './sql-transaction.ts';
export type {
  CountedEnds,
  CountedTimes,
  FailureGroup,
  FailurePage,
  FailurePosition,
  FailureRequest,
  HistoryKept,
  HistoryReader,
  HistorySpan,
  HistoryStore,
  StatsPoint,
  StatsRequest,
} from './history-store.ts';
export type { PrunedTasks, RetentionRules, RetentionStore } from './retention-store.ts';
export type {
  Firing,
  FiringKey,
  FiringPlan,
  FiringTask,
  MirroredSchedule,
  PastFiring,
  ScheduleRow,
  ScheduleStore,
} from './schedule-store.ts';
export {
  MAX_LETTER_BYTES,
  type DeadLetter,
  type DeadLetterFilter,
  type DeadLetterGroup,
  type DeadLetterGroups,
  type DeadLetterOutcome,
  type DeadLetterPage,
  type DeadLetterReason,
  type DeadLetterStore,
  type HeldInput,
  type KeptDeadLetter,
  type NewDeadLetter,
  type RedriveItem,
  type WholeDeadLetter,
} from './dead-letter-store.ts';
export type { StoredMessage } from './stored-message.ts';
export type { OutboxItem, OutboxStore, SweepReport, SweepStore } from './outbox-store.ts';
export type { AwaitedMessage, MessageHoldings, QueueHolders, RescueCursor, RescueStore } from './rescue-store.ts';
export type { RowGaps } from './row-gaps.ts';
export type { LeaseOptions, WorkerInfo, WorkerLease, WorkerWork } from './worker-lease.ts';
export type { BeatStore, KnownBeat } from './beat-store.ts';
export type { LiveReads, Throughput, WatchedFit, WatchedTask } from './live-reads.ts';
export type { KnownWorker, WorkerStore, WorkerTask, WorkerVitals } from './worker-store.ts';
export type { NewUser, User, UserChange, UserPatch, UserRole, UserStore } from './user-store.ts';
export type {
  AccessStore,
  ApiKey,
  AuditEntry,
  AuditSearch,
  NewApiKey,
  NewAuditEntry,
  AccessChecks,
  UserStanding,
  NewRefreshToken,
  RefreshOutcome,
  Session,
  SessionClient,
} from './access-store.ts';
