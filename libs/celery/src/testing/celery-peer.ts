import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { celeryPython } from '@lovage/testing';
import type { EncodedMessage, WireMessage } from '../task-message.ts';

interface Seen {
  readonly returned: unknown;
  readonly name: string;
  readonly eta: string | null;
  readonly expires: string | null;
  readonly time_limits: unknown;
  readonly ignore_result: unknown;
  readonly argsrepr: string;
  readonly kwargsrepr: string;
}

interface ReadResult {
  readonly id: string;
  readonly status: string;
  readonly result: unknown;
  readonly error: { module: string; type: string; args: unknown[] } | null;
  readonly traceback: string | null;
}

/** What a real Celery made of what we wrote, and what it wrote itself. */
export interface CeleryPeer {
  readonly version: string;
  readonly ran: readonly Seen[];
  readonly read: readonly ReadResult[];
  readonly messages: Readonly<Record<string, WireMessage>>;
  readonly results: Readonly<Record<string, Buffer>>;
}

const script = fileURLToPath(new URL('celery_peer.py', import.meta.url));

/** Runs Celery once over our messages and results. */
export function askCelery(messages: readonly EncodedMessage[], results: readonly Buffer[]): CeleryPeer {
  const input = JSON.stringify({
    messages: messages.map((message) => ({ ...message, body: message.body.toString('base64') })),
    results: results.map(String),
  });
  const { status, stdout, stderr } = spawnSync(celeryPython()!, [script], { input, encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) throw new Error(`celery_peer.py failed:\n${stderr}`);
  const answer = JSON.parse(stdout) as {
    readonly messages: Record<string, Omit<WireMessage, 'body'> & { body: string }>;
    readonly results: Record<string, string>;
  } & Omit<CeleryPeer, 'messages' | 'results'>;
  const entries = <T, U>(from: Record<string, T>, make: (value: T) => U) =>
    Object.fromEntries(Object.entries(from).map(([key, value]) => [key, make(value)]));
  return {
    ...answer,
    messages: entries(answer.messages, (one) => ({ ...one, body: Buffer.from(one.body, 'base64') })),
    results: entries(answer.results, (text) => Buffer.from(text)),
  };
}
