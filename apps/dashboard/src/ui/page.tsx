import type { ReactNode } from 'react';
import { cx } from './cx.ts';
import styles from './page.module.css';

export interface PageProps {
  readonly title: ReactNode;
  /** Under the title: what this is, its state. */
  readonly about?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  /** The page fills the window and scrolls inside, as a long table does. */
  readonly fill?: boolean;
}

/** A screen: its one `h1`, its actions and the content over the full width. */
export function Page({ title, about, actions, children, fill }: PageProps) {
  return (
    <div className={cx(styles['page'], fill && styles['fill'])}>
      <header className={styles['header']}>
        <div className={styles['heading']}>
          <h1>{title}</h1>
          {about && <div className={styles['about']}>{about}</div>}
        </div>
        {actions && <div className={styles['actions']}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export interface PanelProps {
  readonly title?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  /** Without padding: a table or chart that goes to the border. */
  readonly flush?: boolean;
  readonly className?: string;
}

/** A framed part of a screen. */
export function Panel({ title, actions, children, flush, className }: PanelProps) {
  return (
    <section className={cx(styles['panel'], className)}>
      {(title || actions) && (
        <header className={styles['panelHeader']}>
          <h2>{title}</h2>
          {actions && <div className={styles['actions']}>{actions}</div>}
        </header>
      )}
      <div className={cx(styles['content'], flush && styles['flush'])}>{children}</div>
    </section>
  );
}

/** Controls in a row that wraps. */
export function Toolbar({ children, label }: { children: ReactNode; label?: string }) {
  return (
    <div className={styles['toolbar']} role={label ? 'group' : undefined} aria-label={label}>
      {children}
    </div>
  );
}

/** Names with their values. `null` and `undefined` show as a dash. */
export function Details({ items }: { items: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className={styles['details']}>
      {items.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value ?? <span className="muted">–</span>}</dd>
        </div>
      ))}
    </dl>
  );
}
