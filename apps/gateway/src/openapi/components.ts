import * as api from '@lovage/http-api';
import { z } from 'zod';
import { componentRef, type OpenApiSchema, jsonSchemaOf } from './json-schema.ts';

/** Schemas of `libs/http-api` that are answers; what they leave out on input they still give. */
const ANSWERS: ReadonlySet<z.ZodType> = new Set([
  api.ApiKeyList,
  api.AuditList,
  api.ContractList,
  api.ContractCheckDocument,
  api.FileDocument,
  api.FileList,
  api.FiringDocument,
  api.FiringList,
  api.LiveCounts,
  api.FailureGroupDocument,
  api.FailureGroupList,
  api.PastFiringDocument,
  api.LiveDocument,
  api.LivePlatform,
  api.PlatformDocument,
  api.LiveQueues,
  api.LiveTasks,
  api.LiveThroughput,
  api.LiveWorkers,
  api.LoginAnswer,
  api.LogoutEverywhereAnswer,
  api.BulkJobDocument,
  api.ViewDocument,
  api.LoadTestDocument,
  api.LoadTestList,
  api.ViewList,
  api.BulkJobList,
  api.BulkPreviewDocument,
  api.SessionList,
  api.NewApiKeyAnswer,
  api.ProblemDocument,
  api.ReadyDocument,
  api.ScheduleDocument,
  api.ScheduleCheckDocument,
  api.ScheduleList,
  api.StatsDocument,
  api.AttemptList,
  api.BatchAnswer,
  api.TaskCountsDocument,
  api.TaskDocument,
  api.TaskList,
  api.TaskLogList,
  api.UserDocument,
  api.UserList,
  api.RevokeManyAnswer,
  api.QueueDocument,
  api.ScalingDocument,
  api.QueueList,
  api.LimitDetail,
  api.LimitDocument,
  api.LimitList,
  api.BulkRetryAnswer,
  api.DeadLetterDocument,
  api.DeadLetterGroupDocument,
  api.DeadLetterGroups,
  api.DeadLetterList,
  api.WholeDeadLetterDocument,
  api.ExplainDocument,
  api.WorkerAnswer,
  api.WorkerAnswers,
  api.WorkerDetail,
  api.WorkerDocument,
  api.WorkerList,
]);
const BODIES: ReadonlySet<z.ZodType> = new Set([
  api.BatchBody,
  api.BulkBody,
  api.NewViewBody,
  api.LoadTestBody,
  api.ViewPatchBody,
  api.BulkPreviewBody,
  api.RedriveBody,
  api.RedriveManyBody,
  api.RetryBody,
  api.RetryManyBody,
  api.RevokeBody,
  api.RevokeManyBody,
  api.LimitBody,
  api.AutoscaleBody,
  api.ConsumerBody,
  api.NoBody,
  api.PoolBody,
  api.RateLimitBody,
  api.TimeLimitBody,
  api.PauseBody,
  api.PurgeBody,
  api.LoginBody,
  api.MePatchBody,
  api.NewApiKeyBody,
  api.NewUserBody,
  api.RefreshBody,
  api.SubmitBody,
  api.ScheduleBody,
  api.SchedulePatchBody,
  api.ScheduleCheckBody,
  api.ContractCheckBody,
  api.SubmitByNameBody,
  api.UserPatchBody,
]);

/** Reference to a schema of the API, which has an id. */
export function refTo(schema: z.ZodType): { $ref: string } {
  const id = z.globalRegistry.get(schema)?.id;
  if (id === undefined || !(ANSWERS.has(schema) || BODIES.has(schema)))
    throw new Error(`schema ${id ?? 'without an id'} is not among the components of the API document`);
  return { $ref: componentRef(id) };
}

/** Every schema of the API by its id. */
export function apiComponents(): Record<string, OpenApiSchema> {
  return { ...componentsOf(BODIES, 'input'), ...componentsOf(ANSWERS, 'output') };
}

function componentsOf(schemas: Iterable<z.ZodType>, io: 'input' | 'output'): Record<string, OpenApiSchema> {
  const all: Record<string, OpenApiSchema> = {};
  for (const schema of schemas) {
    const { $defs = {} } = jsonSchemaOf(schema, io) as { $defs?: Record<string, OpenApiSchema> };
    Object.assign(all, $defs);
  }
  return JSON.parse(JSON.stringify(all).replaceAll('"#/$defs/', '"#/components/schemas/')) as typeof all;
}
