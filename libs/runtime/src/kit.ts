export {
  fakeTask,
  type AbortCode,
  type FakeChild,
  type FakeTask,
  type FakeTaskOptions,
  type TaskEnd,
} from './kit/fake-task.ts';
export { limitKeys, uniqueValue, type LimitKeys } from './kit/policies.ts';
