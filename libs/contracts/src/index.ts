import type { AnyContract } from '@lovage/task';
import { waitAndReturn } from './demo.ts';
import { downloadFile } from './files.ts';
import { thumbnail } from './image.ts';
import { notifyMentions, sendMail } from './mail.ts';
import { pruneResults, sweepFiles } from './maintenance.ts';
import { add, divide, sumToN } from './math.ts';
import { processWord } from './text.ts';
import { deliverWebhook } from './webhooks.ts';

export { waitAndReturn } from './demo.ts';
export { downloadFile } from './files.ts';
export { thumbnail } from './image.ts';
export { MAX_MENTIONS, notifyMentions, sendMail } from './mail.ts';
export { pruneResults, sweepFiles } from './maintenance.ts';
export { add, divide, MAX_SUM_N, sumToN } from './math.ts';
export { allSchedules } from './schedules.ts';
export { processWord } from './text.ts';
export { deliverWebhook } from './webhooks.ts';

/** Every contract of this library: what gateway and console offer, and a worker serves. Add yours here. */
export const allContracts: readonly AnyContract[] = [
  add,
  divide,
  sumToN,
  waitAndReturn,
  processWord,
  sendMail,
  notifyMentions,
  thumbnail,
  downloadFile,
  deliverWebhook,
  pruneResults,
  sweepFiles,
];
