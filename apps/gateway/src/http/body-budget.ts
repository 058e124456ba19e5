import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ProblemError } from '../problems/problem-error.ts';

/** Smaller bodies are not counted: the number of connections bounds them. */
const SMALL_BYTES = 16 * 1024;
/** What users' bodies that have not arrived in full may come to, bytes, in a server of the usual `BODY_LIMIT`. */
const TOTAL_BYTES = 256 * 1024 ** 2;
/** One user has a fourth of it at most. */
const USERS = 4;

/**
 * Bounds the memory of JSON bodies that arrive slowly or never: what a request says it will send is counted while it is sent.
 * Bodies of strangers are small, and those of uploads go to the disk.
 */
export class BodyBudget {
  private readonly total: number;
  private held = 0;
  private readonly byUser = new Map<string, number>();

  constructor(private readonly bodyLimit: number) {
    this.total = Math.max(TOTAL_BYTES, USERS * bodyLimit);
  }

  /** For all requests from now on. */
  watch(server: FastifyInstance): void {
    server.addHook('preParsing', (request, _reply, payload, done) => {
      try {
        this.take(request);
        done(null, payload);
      } catch (error) {
        done(error as Error);
      }
    });
  }

  private take({ user, url, headers, raw }: FastifyRequest): void {
    if (!user || url.startsWith('/api/files')) return;
    const bytes = this.sizeOf(headers);
    if (bytes <= SMALL_BYTES) return;
    const ofUser = this.byUser.get(user.id) ?? 0;
    if (ofUser + bytes > this.total / USERS || this.held + bytes > this.total)
      throw new ProblemError('busy', 'too many large bodies are on their way at once; send fewer at a time', {
        headers: { 'retry-after': '1' },
      });
    this.held += bytes;
    this.byUser.set(user.id, ofUser + bytes);
    // It has been read, or its client has gone.
    raw.once('close', () => this.release(user.id, bytes));
  }

  /** A larger one is refused before it is read. Of one that does not say its length the most is counted. */
  private sizeOf(headers: FastifyRequest['headers']): number {
    if (headers['transfer-encoding'] !== undefined) return this.bodyLimit;
    const told = Number(headers['content-length'] ?? 0);
    return told > this.bodyLimit ? 0 : told;
  }

  private release(user: string, bytes: number): void {
    this.held -= bytes;
    const left = this.byUser.get(user)! - bytes;
    if (left === 0) this.byUser.delete(user);
    else this.byUser.set(user, left);
  }
}
