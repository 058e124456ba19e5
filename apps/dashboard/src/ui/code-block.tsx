import { CopyButton } from './copy-button.tsx';
import styles from './code-block.module.css';

/** Code or a command to copy. It scrolls inside. */
export function CodeBlock({ code, label = 'Code' }: { code: string; label?: string }) {
  return (
    <div className={styles['block']}>
      <pre tabIndex={0} role="region" aria-label={label}>
        <code>{code}</code>
      </pre>
      <CopyButton value={code} label={`Copy the ${label.toLowerCase()}`} />
    </div>
  );
}
