import { describe, expect, test } from '@jest/globals';
import { ConnectionLostError, NotSentError } from '../connection/connection-errors.ts';
import type { Row, StatementRunner, Values } from '../connection/statement.ts';
import { message } from '../testing/brokers.ts';
import { BatchPublisher } from './batch-publisher.ts';

/** A runner that answers as told; batches are lists of bodies. */
class FakeRunner implements StatementRunner {
  readonly batches: string[][] = [];
  constructor(private readonly answer: (bodies: string[], attempt: number) => readonly Row[] | Error) {}

  async run(_statement: unknown, values: Values): Promise<readonly Row[]> {
    const bodies = bodiesOf(values);
    this.batches.push(bodies);
    const answer = this.answer(bodies, this.batches.length);
    if (answer instanceof Error) throw answer;
    return answer;
  }
}

function bodiesOf(values: Values): string[] {
  const [at, properties, body] = [values[2], values[3], values[4]].map(
    (literal) => JSON.parse(`[${String(literal).slice(1, -1)}]`) as number[],
  ) as [number[], number[], number[]];
  return at.map((from, n) =>
    (values[5] as Buffer).subarray(from - 1 + properties[n]!, from - 1 + properties[n]! + body[n]!).toString(),
  );
}

const sqlError = (code: string): Error =>
  Object.assign(new Error(`an error of ${code}, for the test`), { code, severity: 'ERROR' });
const stored: readonly Row[] = [[1]];

function publisher(runner: StatementRunner, isUp = (): boolean => true): BatchPublisher {
  return new BatchPublisher({ runner, isUp, maxMessageBytes: 1000 });
}

async function codes(publishing: Promise<void>[]): Promise<string[]> {
  return (await Promise.allSettled(publishing)).map((outcome) =>
    outcome.status === 'fulfilled' ? 'ok' : (outcome.reason as { code: string }).code,
  );
}

describe('publisher', () => {
  test('what comes in one pass of the event loop is stored together', async () => {
    const runner = new FakeRunner(() => stored);
    const publishing = publisher(runner);
    await Promise.all(['a', 'b', 'c'].map((body) => publishing.publish(message('q', body))));
    expect(runner.batches).toEqual([['a', 'b', 'c']]);
  });

  test.each(['22P05', '23502', '54001'])('a value that Postgres cannot keep (%s) fails alone', async (code) => {
    const runner = new FakeRunner((bodies) => (bodies.includes('bad') ? sqlError(code) : stored));
    const publishing = publisher(runner);
    const outcomes = await codes(['a', 'bad', 'c'].map((body) => publishing.publish(message('q', body))));
    expect(outcomes).toEqual(['ok', 'publish_refused', 'ok']);
  });

  test('a deadlock is tried again, a lasting one is refused in the end', async () => {
    const once = new FakeRunner((_, attempt) => (attempt === 1 ? sqlError('40P01') : stored));
    expect(await codes([publisher(once).publish(message('q', 'a'))])).toEqual(['ok']);
    const ever = new FakeRunner(() => sqlError('40001'));
    expect(await codes([publisher(ever).publish(message('q', 'a'))])).toEqual(['publish_refused']);
    expect(ever.batches).toHaveLength(5);
  });

  test.each([
    [new NotSentError('gone'), 'broker_unavailable'],
    [new ConnectionLostError('gone'), 'confirm_lost'],
    [sqlError('53100'), 'broker_unavailable'],
    [sqlError('25006'), 'broker_unavailable'],
    [sqlError('57014'), 'broker_unavailable'],
    [sqlError('42501'), 'publish_refused'],
  ])('%s is told as %s', async (error, code) => {
    expect(await codes([publisher(new FakeRunner(() => error)).publish(message('q', 'a'))])).toEqual([code]);
  });

  test('a queue that is not found is unroutable, the others are stored', async () => {
    const runner = new FakeRunner(() => [[2]]);
    const publishing = publisher(runner);
    const outcomes = await codes(['no', 'yes', 'no'].map((queue) => publishing.publish(message(queue, 'x'))));
    expect(outcomes).toEqual(['unroutable', 'ok', 'unroutable']);
  });

  test('nothing is sent while the broker is away, nor what still waits when it goes', async () => {
    const runner = new FakeRunner(() => stored);
    let up = false;
    const publishing = publisher(runner, () => up);
    expect(await codes([publishing.publish(message('q', 'a'))])).toEqual(['broker_unavailable']);
    up = true;
    const waiting = publishing.publish(message('q', 'b'));
    up = false;
    expect(await codes([waiting])).toEqual(['broker_unavailable']);
    expect(runner.batches).toEqual([]);
  });

  test('refuses what is too large or cannot be written, before anything is sent', async () => {
    const runner = new FakeRunner(() => stored);
    const publishing = publisher(runner);
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    const outcomes = await codes([
      publishing.publish(message('q', Buffer.alloc(1000))),
      publishing.publish(message('q', 'x', { headers: { cycle } })),
      publishing.publish(message('q', 'x', { headers: { big: 1n } })),
      publishing.publish(message('nul\0', 'x')),
      publishing.publish(message('', 'x')),
      publishing.publish(message('ž'.repeat(128), 'x')),
    ]);
    expect(outcomes).toEqual([
      'publish_refused',
      'publish_refused',
      'publish_refused',
      'unroutable',
      'unroutable',
      'unroutable',
    ]);
    expect(runner.batches).toEqual([]);
  });

  test('a crowd of large messages is no single huge statement', async () => {
    const runner = new FakeRunner(() => stored);
    const publishing = new BatchPublisher({ runner, isUp: () => true, maxMessageBytes: 10_000_000 });
    await Promise.all([3, 3, 3].map((mb) => publishing.publish(message('q', Buffer.alloc(mb * 1_000_000)))));
    expect(runner.batches.map((batch) => batch.length)).toEqual([1, 1, 1]);
  });
});
