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
  type DeclareOptions,
  type Delivery,
  type MessageDeath,
  type OutgoingMessage,
  type QueueDepth,
  type Reply,
  type ReplyInbox,
} from './broker.ts';
export { ServerUrlError, type BrokerAdapter, type BrokerOpenOptions } from './broker-adapter.ts';
export { InvalidQueueNameError, isQueueName } from './queue-name.ts';
export { DEFAULT_PRIORITY, keptPriority, levelOf, PRIORITY_LEVELS, type PriorityLevel } from './priority.ts';
export type { CanvasEnd, CanvasOwner, Followed, TaskCanvas } from './task-canvas.ts';
export {
  CELERY_EVENT_KINDS,
  type CeleryConsole,
  type CeleryConsoleOptions,
  type CeleryEventsListener,
  type CeleryEventsMessage,
  type CeleryEventsOptions,
} from './celery-console.ts';
export type { CeleryLink, CeleryLinkOptions, ControlMessage } from './celery-link.ts';
export type { CeleryWatchStore, KnownCeleryWorker, ObservedTask, SeenCeleryWorker } from './celery-watch-store.ts';
export type { CeleryStore, EndedRow, EndedTasks, EndPosition, OpenForeign, RowEnd } from './celery-store.ts';
export { CeleryBackendError } from './celery-backend-error.ts';
export type { CeleryBackend, ChordCount, ChordPart, StateNotice, StateWatch, StoredState } from './celery-backend.ts';
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
export { Pauses, type RepeatRule } from './pauses.ts';
export { Ticker, type TickerOptions } from './ticker.ts';
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
  TaskSort,
  WholeCounts,
} from './task-lists.ts';
export {
  blankTask,
  UNREADABLE_NAME,
  type EscapedItem,
  type EscapedKind,
  type EscapedRecord,
  type NewTask,
  type TaskRow,
  type WorkerId,
} from './task.ts';
export type {
  Countdown,
  CountdownKey,
  EndedOurs,
  FinalItem,
  FollowUps,
  PostponeItem,
  RecordItem,
  SubmittedWith,
  UnclaimedPostponeItem,
} from './task-ends.ts';
export type {
  ClaimedTask,
  ClaimItem,
  FirstItem,
  FirstOutcome,
  ProgressItem,
  RevokedBy,
  RevokedReply,
  RevokedTask,
  RevokeOutcome,
  SubmittedFirst,
  ClaimState,
  TaskStore,
} from './task-store.ts';
export type { FreeingEnds, HandedOver, HandOverWish, Successor } from './hand-over.ts';
export type { PassedOn, PassOnItem, PassOnLimits, PassOnNeed, PassOnReason, ServedContract } from './pass-on.ts';
export type { QueueStatus, QueuePause, QueueReport, QueueScaling, QueueStore } from './queue-store.ts';
export type { ServingWorker, TaskExplain, ExplainedTask, TaskHolder, TaskPassedOn } from './task-explain.ts';
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
  MAX_DEAD_LETTER_BYTES,
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
export { foreignResultsQueue, type StoredMessage } from './stored-message.ts';
export type { ForeignRecorded, ForeignReport, ForeignStore } from './foreign-store.ts';
export type { OutboxItem, OutboxStore, ExpiredReply, SweepReport, SweepStore } from './outbox-store.ts';
export type { AwaitedMessage, MessageHoldings, QueueHolders, RescueCursor, RescueStore } from './rescue-store.ts';
export type { RowGaps } from './row-gaps.ts';
export type { RateCount, RateCounter, RateCounterOptions, RateCounters } from './rate-counters.ts';
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
export type { GatewayStores, QueryStores, Stores, TaskStores, UpkeepStores } from './stores.ts';
export { isDoneWithin, within } from './within.ts';
