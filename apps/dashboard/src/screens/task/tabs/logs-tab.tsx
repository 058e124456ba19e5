import type { TaskLogLine } from '@lovage/http-api';
import { useEffect, useRef, useState } from 'react';
import { formatJson } from '../../../api/json.ts';
import type { TaskStream } from '../../../api/queries/task-stream.ts';
import { Button } from '../../../ui/button.tsx';
import { cx } from '../../../ui/cx.ts';
import { EmptyState } from '../../../ui/feedback.tsx';
import { Select, TextField } from '../../../ui/text-field.tsx';
import { formatAbsolute } from '../../../ui/time/format-time.ts';
import { useTimePreferences } from '../../../ui/time/time-preferences.ts';
import styles from '../task.module.css';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
const CODE = `task.log.info('charged the card', { amount: 1200 });`;

/** What the handler logged, live. */
export function LogsTab({ stream, live }: { stream: TaskStream; live: boolean }) {
  const [level, setLevel] = useState<(typeof LEVELS)[number]>('debug');
  const [text, setText] = useState('');
  const [follows, setFollows] = useState(true);
  const box = useRef<HTMLOListElement>(null);
  const wanted = text.trim().toLowerCase();
  const shown = stream.logs.filter(
    (line) =>
      LEVELS.indexOf(line.level) >= LEVELS.indexOf(level) &&
      (wanted === '' || words(line).toLowerCase().includes(wanted)),
  );
  useEffect(() => {
    const element = box.current;
    if (follows && element) element.scrollTop = element.scrollHeight;
  }, [follows, shown.length]);
  if (stream.logs.length === 0)
    return (
      <EmptyState title={live ? 'It has logged nothing yet' : 'It has logged nothing'} code={CODE}>
        A handler logs so; the lines stand here as they come.
      </EmptyState>
    );
  return (
    <div className={styles['stack']}>
      <div className={styles['logTools']}>
        <Select
          label="From level"
          value={level}
          options={LEVELS.map((one) => ({ value: one, label: one }))}
          onChange={(value) => setLevel(value as (typeof LEVELS)[number])}
        />
        <TextField label="With the text" value={text} onChange={(event) => setText(event.target.value)} />
        {live && (
          <Button aria-pressed={follows} onClick={() => setFollows(!follows)}>
            {follows ? 'Stay here' : 'Follow the end'}
          </Button>
        )}
      </div>
      <ol
        ref={box}
        className={styles['log']}
        tabIndex={0}
        aria-label="Log"
        onScroll={({ currentTarget: at }) => {
          const isAtEnd = at.scrollHeight - at.scrollTop - at.clientHeight < 24;
          if (isAtEnd !== follows && live) setFollows(isAtEnd);
        }}
      >
        {shown.map((line) => (
          <Line key={line.no} line={line} />
        ))}
      </ol>
      <p className="muted">
        {shown.length} of {stream.logs.length} lines
        {stream.logs.length >= 1_000 && '; the first 1,000 lines of a task are kept'}
      </p>
    </div>
  );
}

function words({ message, fields }: TaskLogLine): string {
  return fields === null || fields === undefined ? message : `${message} ${formatJson(fields)}`;
}

function Line({ line }: { line: TaskLogLine }) {
  const { zone } = useTimePreferences();
  const { at, level, message, fields, attempt } = line;
  const when = formatAbsolute(new Date(at), zone, true);
  return (
    <li className={cx(styles['logLine'], styles[level === 'error' ? 'errorLine' : level])}>
      <time dateTime={at} title={`${when}, attempt ${attempt}`}>
        {when.slice(11)}
      </time>
      <span className={styles['level']}>{level}</span>
      <span className={styles['words']}>
        {message} {fields !== null && fields !== undefined && <span className="muted">{formatJson(fields)}</span>}
      </span>
    </li>
  );
}
