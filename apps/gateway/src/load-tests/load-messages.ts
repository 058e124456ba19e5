import type { LoadPlan } from './load-generator.ts';
import type { LoadReport } from './load-report.ts';

/** What a child needs to reach the platform. */
export interface LoadPlatform {
  readonly databaseUrl: string;
  readonly brokerUrl: string | undefined;
  readonly deadLetterQueue: string | undefined;
  readonly mode: 'development' | 'production' | 'test';
}

/** What a child is to do. */
export interface LoadOrder extends LoadPlatform {
  readonly contract: string;
  readonly input: unknown;
  readonly queue: string;
  readonly userId: string;
  /** Of every task, so that they can be found. */
  readonly tag: string;
  readonly plan: LoadPlan;
}

export type ToLoadChild = { readonly kind: 'start'; readonly order: LoadOrder } | { readonly kind: 'stop' };

export type FromLoadChild =
  | { readonly kind: 'report'; readonly state: 'running' | 'draining'; readonly report: LoadReport }
  | { readonly kind: 'end'; readonly report: LoadReport }
  | { readonly kind: 'failed'; readonly error: string };
