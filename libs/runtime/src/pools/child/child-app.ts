import type { HandlerTable } from '../../handlers.ts';

/** The application within a child: the same that the worker itself boots. */
export interface ChildApp {
  readonly handlers: HandlerTable;
  /** Ends what was opened. */
  close(): Promise<void>;
}

/** What a child's module exports as its default. Called once in each child. */
export type BootChild = () => Promise<ChildApp>;
