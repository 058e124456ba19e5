import { plainArray, textArray } from '@lovage/foundation';
import type {
  DeadLetterFilter,
  DeadLetterGroups,
  DeadLetterOutcome,
  DeadLetterPage,
  DeadLetterStore,
  HeldInput,
  KeptDeadLetter,
  NewDeadLetter,
  RedriveItem,
  WholeDeadLetter,
} from '@lovage/ports';
import type { Database } from '../database.ts';
import type { ReadingPool } from '../lists/reading-pool.ts';
import { newTaskValues } from '../sql/columns.ts';
import {
  DECIDE_DEAD_LETTERS,
  GET_DEAD_LETTERS,
  HOLD_INPUTS,
  KEEP_DEAD_LETTERS,
  DEAD_LETTERS_LOCK,
  REDRIVE_DEAD_LETTERS,
  REMOVE_DEAD_LETTER,
} from '../sql/dead-letters.ts';
import {
  GROUPED_DEAD_LETTERS,
  DEAD_LETTER_GROUPS,
  DEAD_LETTERS_OF,
  deadLettersLookedAt,
  toGroup,
  type RawGroup,
  type RawLook,
} from './dead-letter-list-sql.ts';
import { toDeadLetter, toWholeDeadLetter, type RawDeadLetter, type RawWholeDeadLetter } from './dead-letter-row.ts';

type RawKept = { given_id: string; id: string; outcome: DeadLetterOutcome | null };
type RawDecided = { id: string; outcome: DeadLetterOutcome; failed: boolean };

/** Dead letters on Postgres. */
export class PgDeadLetterStore implements DeadLetterStore {
  constructor(
    private readonly database: Database,
    private readonly reading: ReadingPool,
  ) {}

  keep(deadLetters: readonly NewDeadLetter[]): Promise<KeptDeadLetter[]> {
    return this.database.transaction(async (run) => {
      await run(DEAD_LETTERS_LOCK, []);
      const written = new Map(
        (await run<RawKept>(KEEP_DEAD_LETTERS, deadLetterValues(deadLetters))).map((row) => [row.given_id, row]),
      );
      const open = deadLetters.filter(({ id, task }) => task !== null && written.get(id)!.outcome === null);
      const decided = new Map<string, RawDecided>();
      // A statement of its own: it must see the dead letters that the first one has written.
      const values = decideValues(open, ({ id }) => written.get(id)!.id);
      for (const row of open.length > 0 ? await run<RawDecided>(DECIDE_DEAD_LETTERS, values) : [])
        decided.set(row.id, row);
      return deadLetters.map(({ id: given, task }) => {
        const { id, outcome } = written.get(given)!;
        const now = decided.get(id);
        if (now) return { id, outcome: now.outcome, failed: now.failed };
        return { id, outcome: task === null ? 'none' : outcome, failed: false };
      });
    });
  }

  list(
    filter: DeadLetterFilter,
    { limit, before }: { limit: number; before?: string | undefined },
  ): Promise<DeadLetterPage> {
    return this.reading.together(async (run) => {
      const [look] = await run<RawLook>(deadLettersLookedAt(filter, { limit: limit + 1, before }));
      const ids = look!.ids.slice(0, limit);
      const items = (await run<RawDeadLetter>({ text: DEAD_LETTERS_OF, values: [ids] })).map(toDeadLetter);
      return { items, next: look!.ids.length > limit ? ids.at(-1)! : look!.last };
    });
  }

  async groups(limit: number): Promise<DeadLetterGroups> {
    const rows = await this.reading.run<RawGroup>({ text: DEAD_LETTER_GROUPS, values: [limit + 1] });
    // Sorted here too: those connections plan as if a sort were not to be had.
    const groups = rows.map(toGroup).sort((a, b) => b.count - a.count || b.lastAt - a.lastAt);
    return {
      groups: groups.slice(0, limit),
      approximate: rows.length > limit || (rows[0]?.seen ?? 0) > GROUPED_DEAD_LETTERS,
    };
  }

  async get(id: string): Promise<WholeDeadLetter | undefined> {
    const [deadLetter] = await this.getMany([id]);
    return deadLetter;
  }

  async getMany(ids: readonly string[]): Promise<WholeDeadLetter[]> {
    return (await this.database.run<RawWholeDeadLetter>(GET_DEAD_LETTERS, [ids])).map(toWholeDeadLetter);
  }

  async redrive(items: readonly RedriveItem[], by: string | null): Promise<string[]> {
    const rows = await this.database.run<{ id: string }>(REDRIVE_DEAD_LETTERS, [
      ...newTaskValues(items.map(({ task }) => task)),
      plainArray(items.map(({ deadLetterId }) => deadLetterId)),
      plainArray(items.map(({ delayMs }) => delayMs)),
      by,
    ]);
    return rows.map(({ id }) => id);
  }

  async hold(items: readonly HeldInput[]): Promise<string[]> {
    const rows = await this.database.run<{ id: string }>(HOLD_INPUTS, [
      ...newTaskValues(items.map(({ task }) => task)),
      plainArray(items.map(({ id }) => id)),
      textArray(items.map(({ detail }) => detail)),
      plainArray(items.map(({ generation }) => Math.max(generation, 0))),
      plainArray(items.map(({ hadRow }) => hadRow)),
      textArray(items.map(({ headers }) => headers)),
      textArray(items.map(({ contentType }) => contentType)),
      textArray(items.map(({ contentEncoding }) => contentEncoding)),
      textArray(items.map(({ body }) => `\\x${body.toString('hex')}`)),
      plainArray(items.map(({ bodySize }) => bodySize)),
      textArray(items.map(({ error }) => error)),
      items[0]?.worker ?? null,
    ]);
    return rows.map(({ id }) => id);
  }

  async remove(id: string): Promise<boolean> {
    return (await this.database.run(REMOVE_DEAD_LETTER, [id])).length > 0;
  }
}

function deadLetterValues(deadLetters: readonly NewDeadLetter[]): (string | null)[] {
  return [
    plainArray(deadLetters.map(({ id }) => id)),
    textArray(deadLetters.map(({ fingerprint }) => fingerprint)),
    plainArray(deadLetters.map(({ redelivered }) => redelivered)),
    textArray(deadLetters.map(({ queue }) => queue)),
    textArray(deadLetters.map(({ reason }) => reason)),
    textArray(deadLetters.map(({ code }) => code)),
    textArray(deadLetters.map(({ detail }) => detail)),
    plainArray(deadLetters.map(({ taskId }) => taskId)),
    textArray(deadLetters.map(({ wireId }) => wireId)),
    textArray(deadLetters.map(({ name }) => name)),
    plainArray(deadLetters.map(({ generation }) => generation)),
    textArray(deadLetters.map(({ headers }) => headers)),
    textArray(deadLetters.map(({ contentType }) => contentType)),
    textArray(deadLetters.map(({ contentEncoding }) => contentEncoding)),
    textArray(deadLetters.map(({ body }) => `\\x${body.toString('hex')}`)),
    plainArray(deadLetters.map(({ bodySize }) => bodySize)),
    plainArray(deadLetters.map(({ diedAt }) => diedAt)),
    plainArray(deadLetters.map(({ priority }) => priority)),
  ];
}

function decideValues(
  deadLetters: readonly NewDeadLetter[],
  deadLetterOf: (deadLetter: NewDeadLetter) => string,
): (string | null)[] {
  return [
    ...newTaskValues(deadLetters.map(({ task }) => task!)),
    plainArray(deadLetters.map(deadLetterOf)),
    // A message without the header is taken for the first of its task, never for a later one.
    plainArray(deadLetters.map(({ generation }) => Math.max(generation, 0))),
    plainArray(deadLetters.map(({ hadRow }) => hadRow)),
    plainArray(deadLetters.map(({ resend }) => resend)),
    textArray(deadLetters.map(({ error }) => error)),
  ];
}
