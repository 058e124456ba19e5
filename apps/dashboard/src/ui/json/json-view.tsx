import { ChevronDown, ChevronRight, Search } from 'lucide-react';
import { useMemo, useState } from 'react';
import { CodeBlock } from '../code-block.tsx';
import { CopyButton } from '../copy-button.tsx';
import { cx } from '../cx.ts';
import { Button } from '../button.tsx';
import { TextField } from '../text-field.tsx';
import { linesOf, search, type JsonLine } from './json-node.ts';
import styles from './json-view.module.css';

export interface JsonViewProps {
  readonly value: unknown;
  /** What it is, read out: "Input". */
  readonly label: string;
  /** Writes a value; it must keep what `value` holds, such as big integers. `indent`: spaces of a level. */
  readonly format: (value: unknown, indent?: number) => string;
}

/** Lines drawn, and looked at by a search. */
const MOST = 2_000;
const MOST_SEARCHED = 50_000;
/** Objects as deep as this are open at first. */
const OPEN_DEPTH = 2;
const LONG_TEXT = 400;
/** In fewer lines one sees at once what there is. */
const SEARCH_FROM = 12;

/** A JSON value as a tree with search, or raw; each part with its path to copy. */
export function JsonView({ value, label, format }: JsonViewProps) {
  const [raw, setRaw] = useState(false);
  const [query, setQuery] = useState('');
  const [toggled, setToggled] = useState<ReadonlyMap<string, boolean>>(new Map());
  const wanted = query.trim().toLowerCase();
  const hits = useMemo(() => (wanted ? search(value, wanted, MOST_SEARCHED) : undefined), [value, wanted]);
  const isOpen = (line: JsonLine): boolean =>
    toggled.get(line.path) ?? (hits ? hits.through.has(line.path) : line.depth < OPEN_DEPTH && line.size <= 100);
  const lines = linesOf(value, { isOpen, most: MOST });
  const isLong = useMemo(
    () => linesOf(value, { isOpen: () => true, most: SEARCH_FROM }).length === SEARCH_FROM,
    [value],
  );
  const text = useMemo(() => format(value, 2), [value, format]);
  return (
    <div className={styles['view']}>
      <div className={cx(styles['tools'], wanted === '' && !isLong && styles['floating'])}>
        {(wanted !== '' || isLong) && (
          <TextField
            label={`Search in the ${label.toLowerCase()}`}
            hideLabel
            icon={<Search size={13} />}
            placeholder="Search"
            value={query}
            onChange={(event) => {
              setQuery(event.target.value);
              setToggled(new Map());
              setRaw(false);
            }}
            className={styles['search']}
          />
        )}
        {hits && (
          <span className="muted" role="status">
            {hits.found.size} found
          </span>
        )}
        <span className={styles['space']} />
        <Button small kind="ghost" aria-pressed={raw} onClick={() => setRaw(!raw)}>
          {raw ? 'Tree' : 'Raw'}
        </Button>
        <CopyButton value={text} label={`Copy the ${label.toLowerCase()}`} />
      </div>
      {raw ? (
        <CodeBlock code={text} label={label} />
      ) : (
        <ul className={styles['tree']} aria-label={label}>
          {lines.map((line) => (
            <Line
              key={line.path}
              line={line}
              open={isOpen(line)}
              hit={hits?.found.has(line.path) ?? false}
              format={format}
              onToggle={() => setToggled(new Map(toggled).set(line.path, !isOpen(line)))}
            />
          ))}
          {lines.length >= MOST && <li className="muted">More is not shown: look at it raw, or search.</li>}
        </ul>
      )}
    </div>
  );
}

interface LineProps {
  readonly line: JsonLine;
  readonly open: boolean;
  readonly hit: boolean;
  readonly format: JsonViewProps['format'];
  readonly onToggle: () => void;
}

function Line({ line, open, hit, format, onToggle }: LineProps) {
  const [whole, setWhole] = useState(false);
  const { name, kind, size, text, depth } = line;
  const holds = kind === 'object' || kind === 'list';
  const brackets = kind === 'list' ? '[]' : '{}';
  const long = text.length > LONG_TEXT && !whole;
  return (
    <li className={cx(styles['line'], hit && styles['hit'])} style={{ paddingInlineStart: `${depth * 16}px` }}>
      {holds && size > 0 ? (
        <button
          type="button"
          className={styles['toggle']}
          aria-expanded={open}
          onClick={onToggle}
          aria-label={`${open ? 'Close' : 'Open'} ${line.path}`}
        >
          {open ? <ChevronDown size={13} /> : <ChevronRight size={13} />}
        </button>
      ) : (
        <span className={styles['toggle']} />
      )}
      <span className={styles['content']}>
        {name !== undefined && (
          <span className={typeof name === 'number' ? styles['index'] : styles['name']}>{name}: </span>
        )}
        {holds ? (
          <span className="muted">
            {size === 0
              ? brackets
              : `${brackets[0]} ${size} ${kind === 'list' ? (size === 1 ? 'item' : 'items') : size === 1 ? 'field' : 'fields'} ${brackets[1]}`}
          </span>
        ) : (
          <span className={styles[kind]}>
            {long ? `${text.slice(0, LONG_TEXT)}…` : text}
            {long && (
              <Button small kind="ghost" onClick={() => setWhole(true)}>
                Show all {text.length} characters
              </Button>
            )}
          </span>
        )}
      </span>
      <span className={styles['acts']}>
        <CopyButton value={line.path} label={`Copy the path ${line.path}`} />
        <CopyButton
          value={() => (kind === 'text' ? String(line.value) : format(line.value, 2))}
          label={`Copy the value of ${line.path}`}
        />
      </span>
    </li>
  );
}
