import { getRouteApi } from '@tanstack/react-router';
import { useTask } from '../../api/queries/tasks.ts';
import { formatJson } from '../../api/json.ts';
import { Loaded } from '../../parts/loaded.tsx';
import { TaskStateLabel } from '../../parts/task-state.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Facts, Page, Panel } from '../../ui/page.tsx';
import { RelativeTime } from '../../ui/time/relative-time.tsx';

const route = getRouteApi('/frame/tasks/$id');

export function TaskScreen() {
  const { id } = route.useParams();
  const task = useTask(id);
  return (
    <Page
      title={task.data?.name ?? 'Task'}
      about={
        <>
          <code>{id}</code> <CopyButton value={id} label="Copy the id" />
        </>
      }
    >
      <Loaded query={task} what="The task could not be read">
        {(data) => (
          <>
            <Panel>
              <Facts
                items={[
                  ['State', <TaskStateLabel state={data.state} />],
                  ['Queue', data.queue],
                  ['Created', <RelativeTime value={data.createdAt} precise />],
                  ['Attempts', data.attempt],
                  ['Worker', data.worker],
                ]}
              />
            </Panel>
            <Panel title="Input">
              <CodeBlock code={formatJson(data.input, 2)} label="Input" />
            </Panel>
            <Panel title="Result">
              <CodeBlock code={formatJson(data.error ?? data.result, 2)} label="Result" />
            </Panel>
          </>
        )}
      </Loaded>
    </Page>
  );
}
