export { guardProcess, type Guard, type GuardOptions } from './guard.ts';
export { whenParentEnds } from './parent.ts';
export { onceReady, readStartMessage, tellReady, tellStage, type StartMessage } from './start-messages.ts';
