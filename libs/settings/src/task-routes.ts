import { RouteRuleError, TaskRoutes } from '@lovage/foundation';
import { shown, type Reader } from './reader.ts';

/** `image.*=images,mail.send=mails`: pattern and queue of each rule, in order; the first that fits a name wins. */
export function readTaskRoutes(reader: Reader): TaskRoutes {
  const text = reader.text('TASK_ROUTES');
  if (text === undefined) return TaskRoutes.none;
  const rules = text.split(',').map((rule) => {
    const [, match, queue] = /^\s*([^\s=]+)\s*=\s*([^\s=]+)\s*$/.exec(rule) ?? [];
    return match === undefined || queue === undefined ? rule : { match, queue };
  });
  const unread = rules.find((rule) => typeof rule === 'string');
  if (unread !== undefined) {
    reader.wrong('TASK_ROUTES', shown(unread), 'rules separated by commas, each pattern=queue, such as image.*=images');
    return TaskRoutes.none;
  }
  try {
    return new TaskRoutes(rules as Exclude<(typeof rules)[number], string>[]);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // Counted from 1 for people, who see no list.
    const problem =
      error instanceof RouteRuleError
        ? `wrong in rule ${error.rule + 1} (${error.reason})`
        : `wrong (${error.message})`;
    reader.wrong('TASK_ROUTES', problem, 'such as image.*=images,mail.send=mails');
    return TaskRoutes.none;
  }
}
