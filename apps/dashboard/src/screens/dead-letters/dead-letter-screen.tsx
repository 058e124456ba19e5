import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { WholeDeadLetterDocument } from '@lovage/http-api';
import { formatJson } from '../../api/json.ts';
import { useDeadLetter } from '../../api/queries/dead-letters.ts';
import { QueueLink, TaskLink } from '../../parts/links.tsx';
import { Loaded } from '../../parts/loaded.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { formatBytes } from '../../ui/format.ts';
import { JsonView } from '../../ui/json/json-view.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Details, Page, Panel } from '../../ui/page.tsx';
import { RelativeTime } from '../../ui/time/relative-time.tsx';
import styles from './dead-letters.module.css';
import { DeadLetterActs } from './dead-letter-acts.tsx';
import { outcomeInWords, reasonInWords } from './dead-letter-words.ts';

const route = getRouteApi('/frame/dead-letters/$id');

/** One dead letter, whole. */
export function DeadLetterScreen() {
  const { id } = route.useParams();
  const query = useDeadLetter(id);
  const navigate = useNavigate();
  return (
    <Page
      title={query.data?.name ?? 'Dead letter'}
      about={
        <>
          <Link to="/dead-letters">Dead letters</Link> · <code>{id}</code> <CopyButton value={id} label="Copy the id" />
        </>
      }
      actions={
        query.data && (
          <DeadLetterActs
            deadLetter={query.data}
            onRedriven={(taskId) => void navigate({ to: '/tasks/$id', params: { id: taskId } })}
            onDeleted={() => void navigate({ to: '/dead-letters' })}
          />
        )
      }
    >
      <Loaded query={query} what="The message could not be read" lines={8}>
        {(deadLetter) => (
          <>
            <Words deadLetter={deadLetter} />
            <Panel>
              <Details items={detailsOf(deadLetter)} />
            </Panel>
            {deadLetter.readable && deadLetter.input !== null && (
              <Panel title="Input">
                <JsonView value={deadLetter.input} label="Input" format={formatJson} />
              </Panel>
            )}
            <Panel title="Headers">
              <dl className={styles['headers']}>
                {Object.entries(deadLetter.headers).map(([name, value]) => (
                  <div key={name} style={{ display: 'contents' }}>
                    <dt>
                      <code>{name}</code>
                    </dt>
                    <dd>
                      <code>{typeof value === 'string' ? value : formatJson(value)}</code>
                    </dd>
                  </div>
                ))}
              </dl>
            </Panel>
            <Panel title="Body" className={styles['body']}>
              {deadLetter.truncated && <p className="muted">Of the body its first mebibyte is kept.</p>}
              <CodeBlock
                code={deadLetter.body ?? deadLetter.bodyBase64}
                label={deadLetter.body === null ? 'Body, as Base64' : 'Body'}
              />
            </Panel>
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Words({ deadLetter: { reason, code, detail, redriven, readable } }: { deadLetter: WholeDeadLetterDocument }) {
  if (redriven)
    return (
      <Notice tone="info">
        Redriven <RelativeTime value={redriven.at} />
        {redriven.as !== null && (
          <>
            {' '}
            as <TaskLink id={redriven.as} />. To run it yet again, run that task again
          </>
        )}
        .
      </Notice>
    );
  return (
    <Notice tone="danger">
      <strong>{reason}.</strong> {reasonInWords(reason)} {code !== null && <code>{code}</code>} {detail}
      {!readable && ' It needs an input, and a contract, to become a task.'}
    </Notice>
  );
}

function detailsOf(deadLetter: WholeDeadLetterDocument): readonly (readonly [string, React.ReactNode])[] {
  const { taskId, diedAt } = deadLetter;
  return [
    ['Queue', <QueueLink name={deadLetter.queue} />],
    ['Contract', deadLetter.name],
    ['Task that it names', taskId && <TaskLink id={taskId} />],
    ['What became of that', outcomeInWords(deadLetter.outcome)],
    ['Died', diedAt && <RelativeTime value={diedAt} precise />],
    ['Written down', <RelativeTime value={deadLetter.receivedAt} precise />],
    ['Priority', deadLetter.priority],
    ['Size', formatBytes(deadLetter.bodySize)],
    [
      'Type',
      `${deadLetter.contentType ?? 'none'}${deadLetter.contentEncoding ? `, ${deadLetter.contentEncoding}` : ''}`,
    ],
  ];
}
