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
import { plainArray, textArray } from '../pg-array.ts';
import { newTaskValues } from '../sql/columns.ts';
import {
  DECIDE_LETTERS,
  GET_LETTERS,
  HOLD_INPUTS,
  KEEP_LETTERS,
  LETTERS_LOCK,
  REDRIVE_LETTERS,
  REMOVE_LETTER,
} from '../sql/dead-letters.ts';
import {
  GROUPED_LETTERS,
  LETTER_GROUPS,
  LETTERS_OF,
  lettersLookedAt,
  toGroup,
  type RawGroup,
  type RawLook,
} from './letter-list-sql.ts';
import { toLetter, toWholeLetter, type RawLetter, type RawWholeLetter } from './letter-row.ts';

type RawKept = { given_id: string; id: string; outcome: DeadLetterOutcome | null };
type RawDecided = { id: string; outcome: DeadLetterOutcome; failed: boolean };

/** Dead letters on Postgres. */
export class PgDeadLetterStore implements DeadLetterStore {
  constructor(
    private readonly database: Database,
    private readonly reading: ReadingPool,
  ) {}

  keep(letters: readonly NewDeadLetter[]): Promise<KeptDeadLetter[]> {
    return this.database.transaction(async (run) => {
      await run(LETTERS_LOCK, []);
      const written = new Map(
        (await run<RawKept>(KEEP_LETTERS, letterValues(letters))).map((row) => [row.given_id, row]),
      );
      const open = letters.filter(({ id, task }) => task !== null && written.get(id)!.outcome === null);
      const decided = new Map<string, RawDecided>();
      // A statement of its own: it must see the letters that the first one has written.
      const values = decideValues(open, ({ id }) => written.get(id)!.id);
      for (const row of open.length > 0 ? await run<RawDecided>(DECIDE_LETTERS, values) : []) decided.set(row.id, row);
      return letters.map(({ id: given, task }) => {
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
      const [look] = await run<RawLook>(lettersLookedAt(filter, { limit: limit + 1, before }));
      const ids = look!.ids.slice(0, limit);
      const items = (await run<RawLetter>({ text: LETTERS_OF, values: [ids] })).map(toLetter);
      return { items, next: look!.ids.length > limit ? ids.at(-1)! : look!.last };
    });
  }

  async groups(limit: number): Promise<DeadLetterGroups> {
    const rows = await this.reading.run<RawGroup>({ text: LETTER_GROUPS, values: [limit + 1] });
    // Sorted here too: those connections plan as if a sort were not to be had.
    const groups = rows.map(toGroup).sort((a, b) => b.count - a.count || b.lastAt - a.lastAt);
    return {
      groups: groups.slice(0, limit),
      approximate: rows.length > limit || (rows[0]?.seen ?? 0) > GROUPED_LETTERS,
    };
  }

  async get(id: string): Promise<WholeDeadLetter | undefined> {
    const [letter] = await this.getMany([id]);
    return letter;
  }

  async getMany(ids: readonly string[]): Promise<WholeDeadLetter[]> {
    return (await this.database.run<RawWholeLetter>(GET_LETTERS, [ids])).map(toWholeLetter);
  }

  async redrive(items: readonly RedriveItem[], by: string | null): Promise<string[]> {
    const rows = await this.database.run<{ id: string }>(REDRIVE_LETTERS, [
      ...newTaskValues(items.map(({ task }) => task)),
      plainArray(items.map(({ letterId }) => letterId)),
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
      plainArray(items.map(({ turn }) => Math.max(turn, 0))),
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
    return (await this.database.run(REMOVE_LETTER, [id])).length > 0;
  }
}

function letterValues(letters: readonly NewDeadLetter[]): (string | null)[] {
  return [
    plainArray(letters.map(({ id }) => id)),
    textArray(letters.map(({ fingerprint }) => fingerprint)),
    plainArray(letters.map(({ redelivered }) => redelivered)),
    textArray(letters.map(({ queue }) => queue)),
    textArray(letters.map(({ reason }) => reason)),
    textArray(letters.map(({ code }) => code)),
    textArray(letters.map(({ detail }) => detail)),
    plainArray(letters.map(({ taskId }) => taskId)),
    textArray(letters.map(({ wireId }) => wireId)),
    textArray(letters.map(({ name }) => name)),
    plainArray(letters.map(({ turn }) => turn)),
    textArray(letters.map(({ headers }) => headers)),
    textArray(letters.map(({ contentType }) => contentType)),
    textArray(letters.map(({ contentEncoding }) => contentEncoding)),
    textArray(letters.map(({ body }) => `\\x${body.toString('hex')}`)),
    plainArray(letters.map(({ bodySize }) => bodySize)),
    plainArray(letters.map(({ diedAt }) => diedAt)),
    plainArray(letters.map(({ priority }) => priority)),
  ];
}

function decideValues(
  letters: readonly NewDeadLetter[],
  letterOf: (letter: NewDeadLetter) => string,
): (string | null)[] {
  return [
    ...newTaskValues(letters.map(({ task }) => task!)),
    plainArray(letters.map(letterOf)),
    // A message without the header is taken for the first of its task, never for a later one.
    plainArray(letters.map(({ turn }) => Math.max(turn, 0))),
    plainArray(letters.map(({ hadRow }) => hadRow)),
    plainArray(letters.map(({ sendAgain }) => sendAgain)),
    textArray(letters.map(({ error }) => error)),
  ];
}
