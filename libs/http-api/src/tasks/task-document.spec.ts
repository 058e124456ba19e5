import { errorDetails } from '@lovage/foundation';
import { TaskErrorDocument } from './task-document.ts';

test('an error is shown with its code, and with what led to it', () => {
  const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', errno: -111 });
  const details = errorDetails(new TypeError('fetch failed', { cause: new AggregateError([refused], 'all failed') }));
  expect(TaskErrorDocument.parse(JSON.parse(JSON.stringify(details)))).toEqual(details);
});
