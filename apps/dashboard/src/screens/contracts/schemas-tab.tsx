import { Link } from '@tanstack/react-router';
import type { ContractDocument } from '@lovage/http-api';
import { formatJson } from '../../api/json.ts';
import { formatBytes, formatDuration } from '../../ui/format.ts';
import { JsonView } from '../../ui/json/json-view.tsx';
import { Details, Panel } from '../../ui/page.tsx';
import styles from './contracts.module.css';

const time = (seconds: number | null): string | null => (seconds === null ? null : formatDuration(seconds * 1_000));

/** What a contract takes, gives and fails with, and how its tasks are run if nobody says otherwise. */
export function SchemasTab({ contract }: { contract: ContractDocument }) {
  const { defaults, description } = contract;
  const errors = Object.entries(contract.errors);
  return (
    <div className={styles['stack']}>
      {description && <p className={styles['description']}>{description}</p>}
      <Panel title="Options">
        <Details
          items={[
            [
              'Queue',
              <Link key="queue" to="/queues">
                {defaults.queue}
              </Link>,
            ],
            ['Version', contract.version],
            ['Priority', defaults.priority],
            ['Attempts at most', defaults.maxAttempts],
            ['Time limit', time(defaults.timeLimit)],
            ['Soft time limit', time(defaults.softTimeLimit)],
            ['Expires after', time(defaults.expires)],
            ['Acknowledged', defaults.ack],
            ['Recorded', defaults.record],
            ['Pool', defaults.pool ?? 'as the worker says'],
            ['Batch', defaults.batch && `${defaults.batch.size} tasks, or ${time(defaults.batch.timeout)}`],
            ['Largest result', defaults.resultLimit === null ? null : formatBytes(defaults.resultLimit)],
            ['Unique', defaults.unique && uniqueWords(defaults.unique)],
            [
              'Kept',
              defaults.retention &&
                Object.entries(defaults.retention)
                  .map(([state, seconds]) => `${state} ${formatDuration(seconds * 1_000)}`)
                  .join(', '),
            ],
          ]}
        />
      </Panel>
      <div className={styles['twice']}>
        <SchemaPanel title="Input" schema={contract.input} />
        <SchemaPanel title="Output" schema={contract.output} />
        {contract.progress && <SchemaPanel title="Progress" schema={contract.progress} />}
        {errors.map(([type, schema]) => (
          <SchemaPanel key={type} title={`Error ${type}`} schema={schema} />
        ))}
      </div>
    </div>
  );
}

function uniqueWords({ by, period, onConflict }: NonNullable<ContractDocument['defaults']['unique']>): string {
  const what =
    by === null ? 'by the whole input' : by.length === 0 ? 'by a key made of the input' : `by ${by.join(', ')}`;
  return `${what}${period === null ? '' : ` within ${time(period)}`}; on a conflict: ${onConflict}`;
}

function SchemaPanel({ title, schema }: { title: string; schema: Readonly<Record<string, unknown>> }) {
  return (
    <Panel title={title}>
      <JsonView value={schema} label={`${title} schema`} format={formatJson} />
    </Panel>
  );
}
