export { clockOf, decodeControl, encodeControlReply, type ControlRequest, type IncomingControl } from './control.ts';
export {
  decodeControlReply,
  encodeControlRequest,
  type ControlReply,
  type OutgoingControl,
} from './control-request.ts';
export { decodeEvents, type CeleryEvent } from './decode-events.ts';
export { decodeTask, type DecodedTask } from './decode-task.ts';
export { encodeTask } from './encode-task.ts';
export { wireException, type WireException } from './exception.ts';
export { forwardableHeaders, generationIn } from './headers.ts';
export { parseIsoTime } from './iso-time.ts';
export { headersJson } from './plain-headers.ts';
export { ArgumentsError, inputOf } from './input.ts';
export { pythonRepr, pythonTuple } from './repr.ts';
export { REJECT_CODES, type RejectCode } from './reject-codes.ts';
export { decodeResult, encodeResult, type IncomingResult, type TaskResult } from './result.ts';
export { encodeMeta, type TaskMeta } from './meta.ts';
export { celeryState } from './state.ts';
export {
  bodyIdOf,
  chordError,
  chordPart,
  chordResults,
  type ChordResults,
  type PartEnd,
} from './canvas/chord-parts.ts';
export { failedAfter, planFailure, planSuccess, type FailedPart } from './canvas/ends.ts';
export { CanvasError } from './canvas/canvas-error.ts';
export { builtinArguments, CHORD_TASK, CHUNKS_TASK, startedBy, startsCanvas, type RawCall } from './canvas/builtins.ts';
export {
  CanvasPlanner,
  type CanvasParent,
  type CanvasPlan,
  type CanvasTask,
  type ChordStart,
  type PlanOptions,
} from './canvas/plan.ts';
export { canvasRefusal, type CanvasAbility } from './canvas/refusal.ts';
export { SignatureCheck, type Signature, type SignatureOptions } from './canvas/signature.ts';
export { taskIdOf } from './task-id.ts';
export { publicIdOf, rowOf, wireIdOf, type KnownOfRow } from './task-row.ts';
export type {
  EncodedMessage,
  IncomingTask,
  OutgoingTask,
  TaskEmbed,
  NewTaskData,
  WireMessage,
} from './task-message.ts';
