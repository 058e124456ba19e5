import type { OutgoingMessage } from '@lovage/ports';

/** What is kept of a message beside its body, as JSON in the `properties` column. Keys are never renamed: messages outlive releases. */
export interface StoredProperties {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly correlationId?: string;
  readonly replyTo?: string;
  readonly priority?: number;
  /** When it was refused, ms since the epoch; `REFUSE` adds it. */
  readonly diedAt?: number;
}

/** JSON text. @throws TypeError when headers hold what JSON cannot: a bigint, a cycle. */
export function writeProperties(message: OutgoingMessage): string {
  const { headers, contentType, contentEncoding, correlationId, replyTo, priority } = message;
  return JSON.stringify({
    headers,
    contentType,
    contentEncoding,
    correlationId,
    replyTo,
    priority,
  } satisfies StoredProperties);
}

export function readProperties(json: string): StoredProperties {
  return JSON.parse(json) as StoredProperties;
}
