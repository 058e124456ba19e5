import type { TaskErrorCause, TaskErrorDocument } from '@lovage/task';
import { formatJson } from '../../api/json.ts';
import { CodeBlock } from '../../ui/code-block.tsx';
import { JsonView } from '../../ui/json/json-view.tsx';
import styles from './task.module.css';

type AnyError = Pick<TaskErrorCause, 'type' | 'message' | 'code' | 'stack' | 'cause' | 'errors'> & {
  readonly data?: unknown;
};

/** An error: what it says, what led to it, its data, and the stack folded. */
export function ErrorView({ error, deep = 0 }: { error: AnyError; deep?: number }) {
  const { type, message, code, data, stack, cause, errors } = error;
  return (
    <div className={styles['error']}>
      <p className={styles['errorHead']}>
        <strong>{type}</strong>
        {code !== undefined && <code>{code}</code>}
      </p>
      <p className={styles['message']}>{message}</p>
      {data !== undefined && data !== null && deep === 0 && (
        <JsonView value={data} label="Data of the error" format={formatJson} />
      )}
      {stack && (
        <details>
          <summary>Stack</summary>
          <CodeBlock code={stack} label="Stack" />
        </details>
      )}
      {cause && deep < 6 && (
        <div className={styles['cause']}>
          <span className="muted">Caused by</span>
          <ErrorView error={cause} deep={deep + 1} />
        </div>
      )}
      {errors && errors.length > 0 && deep < 6 && (
        <details className={styles['cause']}>
          <summary>{errors.length} errors that it stands for</summary>
          {errors.map((one, index) => (
            <ErrorView key={index} error={one} deep={deep + 1} />
          ))}
        </details>
      )}
    </div>
  );
}

/** The line of a failure for a list of attempts. */
export function errorLine(error: TaskErrorDocument | null): string {
  return error === null ? '' : `${error.type}: ${error.message}`;
}
