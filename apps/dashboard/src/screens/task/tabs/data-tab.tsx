import type { TaskDocument } from '@lovage/http-api';
import { formatJson } from '../../../api/json.ts';
import { JsonView } from '../../../ui/json/json-view.tsx';
import { Panel } from '../../../ui/page.tsx';
import { ErrorView } from '../error-view.tsx';
import { Images } from '../images.tsx';
import styles from '../task.module.css';

/** Input, result, error and the whole document. */
export function DataTab({ task }: { task: TaskDocument }) {
  return (
    <div className={styles['stack']}>
      <Panel title="Input">
        <JsonView value={task.input} label="Input" format={formatJson} />
      </Panel>
      {task.state === 'SUCCESS' && (
        <Panel title="Result">
          <Images result={task.result} />
          <JsonView value={task.result} label="Result" format={formatJson} />
        </Panel>
      )}
      {task.error !== null && (
        <Panel title="Error">
          <ErrorView error={task.error} />
        </Panel>
      )}
      {task.progress !== null && (
        <Panel title="Progress, as reported last">
          <JsonView value={task.progress} label="Progress" format={formatJson} />
        </Panel>
      )}
      <Panel title="The whole document">
        <details>
          <summary>Show it as the API gives it</summary>
          <JsonView value={task} label="Document" format={formatJson} />
        </details>
      </Panel>
    </div>
  );
}
