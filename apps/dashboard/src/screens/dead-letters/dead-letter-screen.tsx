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
import { Facts, Page, Panel } from '../../ui/page.tsx';
import { RelativeTime } from '../../ui/time/relative-time.tsx';
import styles from './dead-letters.module.css';
import { LetterActs } from './letter-acts.tsx';
import { outcomeInWords, reasonInWords } from './letter-words.ts';

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
          <LetterActs
            letter={query.data}
            onRedriven={(taskId) => void navigate({ to: '/tasks/$id', params: { id: taskId } })}
            onDeleted={() => void navigate({ to: '/dead-letters' })}
          />
        )
      }
    >
      <Loaded query={query} what="The letter could not be read" lines={8}>
        {(letter) => (
          <>
            <Words letter={letter} />
            <Panel>
              <Facts items={factsOf(letter)} />
            </Panel>
            {letter.readable && letter.input !== null && (
              <Panel title="Input">
                <JsonView value={letter.input} label="Input" format={formatJson} />
              </Panel>
            )}
            <Panel title="Headers">
              <dl className={styles['headers']}>
                {Object.entries(letter.headers).map(([name, value]) => (
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
              {letter.truncated && <p className="muted">Of the body its first mebibyte is kept.</p>}
              <CodeBlock
                code={letter.body ?? letter.bodyBase64}
                label={letter.body === null ? 'Body, as Base64' : 'Body'}
              />
            </Panel>
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Words({ letter: { reason, code, detail, redriven, readable } }: { letter: WholeDeadLetterDocument }) {
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

function factsOf(letter: WholeDeadLetterDocument): readonly (readonly [string, React.ReactNode])[] {
  const { taskId, diedAt } = letter;
  return [
    ['Queue', <QueueLink name={letter.queue} />],
    ['Contract', letter.name],
    ['Task that it names', taskId && <TaskLink id={taskId} />],
    ['What became of that', outcomeInWords(letter.outcome)],
    ['Died', diedAt && <RelativeTime value={diedAt} precise />],
    ['Written down', <RelativeTime value={letter.receivedAt} precise />],
    ['Priority', letter.priority],
    ['Size', formatBytes(letter.bodySize)],
    ['Type', `${letter.contentType ?? 'none'}${letter.contentEncoding ? `, ${letter.contentEncoding}` : ''}`],
  ];
}
