import { Controller, Inject, Optional } from '@nestjs/common';
import { deliverWebhook } from '@lovage/contracts';
import { TaskHandler } from '@lovage/nest';
import { systemClock, type Clock } from '@lovage/ports';
import type { Input, Output, TaskContext } from '@lovage/task';
import { CLOCK } from '../clock.ts';
import { TASKS_OPTIONS, type TasksOptions } from '../options.ts';
import { declare } from '../web/declare.ts';
import { statusError } from '../web/errors.ts';
import { Patience } from '../web/patience.ts';
import { WebClient } from '../web/web-client.ts';
import { signedHeaders } from './sign.ts';

/** For one attempt: receivers are meant to take a webhook and work on it afterwards. */
const TIMEOUT_MS = 30_000;

@Controller()
export class WebhooksTasks {
  constructor(
    @Inject(TASKS_OPTIONS) private readonly options: TasksOptions,
    private readonly web: WebClient,
    @Optional() @Inject(CLOCK) private readonly clock: Clock = systemClock,
  ) {}

  @TaskHandler(deliverWebhook)
  async deliver(
    { url, payload, secret }: Input<typeof deliverWebhook>,
    task: TaskContext<typeof deliverWebhook>,
  ): Promise<Output<typeof deliverWebhook>> {
    const { secrets } = this.options.webhooks;
    if (!Object.hasOwn(secrets, secret))
      throw deliverWebhook.error('SecretUnknown', { secret }, `WEBHOOK_SECRETS has no secret ${secret}`);
    // Without the path and the query, which often hold a token.
    task.log.info('delivering', { host: new URL(url).host });
    const body = JSON.stringify(payload);
    const signature = signedHeaders(secrets[secret]!, { id: task.id, atMs: this.clock.now(), body });
    const patience = new Patience(this.clock, task.signal, TIMEOUT_MS);
    try {
      const { response } = await this.web.open(url, patience, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...signature },
        body,
        // A signature is for its receiver.
        redirects: 0,
      });
      // Not read: the status is the answer, and a stranger's text has no place in a result.
      response.destroy();
      const status = response.statusCode!;
      if (status < 200 || status > 299) throw statusError(url, status, response.headers['retry-after']);
      return { status };
    } catch (error) {
      throw declare(deliverWebhook, error, undefined);
    } finally {
      patience.close();
    }
  }
}
