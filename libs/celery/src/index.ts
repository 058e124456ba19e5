export { decodeTask, type DecodedTask } from './decode-task.ts';
export { encodeTask } from './encode-task.ts';
export { forwardableHeaders } from './headers.ts';
export { ArgumentsError, inputOf } from './input.ts';
export { REJECT_CODES, type RejectCode } from './reject-codes.ts';
export { decodeResult, encodeResult, type IncomingResult, type TaskResult } from './result.ts';
export { celeryState } from './state.ts';
export { taskIdOf } from './task-id.ts';
export type { EncodedMessage, IncomingTask, OutgoingTask, TaskEmbed, TaskFacts, WireMessage } from './task-message.ts';
