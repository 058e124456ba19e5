import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { Broker, CeleryConsole, CeleryLink, ControlMessage } from '@lovage/ports';
import { untilHolds } from '../until-holds.ts';
import { inState, type Bench } from './bench.ts';

/** Longer than any test here takes, ms. */
const WAIT_MS = 60_000;

/** Requests to all nodes, and their answers to the one who asked: with the capability `remoteControl`. */
export function remoteControl(bench: Bench): void {
  if (!bench.capabilities.remoteControl) return;

  const nodeOn = async (broker: Broker, heard: ControlMessage[]): Promise<CeleryLink> => {
    // Other programs may ask on the same server.
    const onControl = (message: ControlMessage): void => void (isOurs(message) && heard.push(message));
    const node = await broker.openCelery!({ node: `${randomUUID()}@conformance`, onControl });
    bench.defer(() => node.close());
    return node;
  };
  const consoleOn = async (broker: Broker, answers: ControlMessage[]): Promise<CeleryConsole> => {
    const console = await broker.openCeleryConsole!({ onReply: (message) => answers.push(message) });
    bench.defer(() => console.close());
    return console;
  };
  const request = (): Buffer => Buffer.from(`{"conformance":"${randomUUID()} žluť 🐎"}`);
  const isOurs = ({ body }: ControlMessage): boolean => body.includes('"conformance"');

  describe('remote control', () => {
    it('brings a request to every node, and each answer to the one who asked', async () => {
      const [one, two, three] = [await bench.start(), await bench.start(), await bench.start()];
      const [first, second, asked, idle]: ControlMessage[][] = [[], [], [], []];
      const [nodeOne, nodeTwo] = [await nodeOn(one, first!), await nodeOn(two, second!)];
      const [console, other] = [await consoleOn(three, asked!), await consoleOn(three, idle!)];
      expect(console.address).not.toBe(other.address);
      const body = request();
      const isHere = ({ body: its }: ControlMessage): boolean => its.equals(body);
      expect(console.request(body, { clock: 7, expires: 12.5 }, WAIT_MS)).toBe(true);
      await untilHolds(() => expect([first!.some(isHere), second!.some(isHere)]).toEqual([true, true]));
      expect(first!.find(isHere)).toMatchObject({
        headers: { clock: 7, expires: 12.5 },
        contentType: 'application/json',
      });

      // One fits a notification of PostgreSQL, the other does not.
      const [small, large] = [request(), Buffer.from(JSON.stringify(randomBytes(700_000).toString('base64')))];
      expect(nodeOne.reply(console.address, small, { ticket: 'tické', clock: 8 })).toBe(true);
      expect(nodeTwo.reply(console.address, large, { ticket: 'b', clock: 9 })).toBe(true);
      await untilHolds(() => expect(asked).toHaveLength(2));
      const inOrder = asked!.sort((a, b) => a.body.length - b.body.length);
      expect(inOrder.map(({ headers, contentType }) => ({ headers, contentType }))).toEqual([
        { headers: { ticket: 'tické', clock: 8 }, contentType: 'application/json' },
        { headers: { ticket: 'b', clock: 9 }, contentType: 'application/json' },
      ]);
      expect([inOrder[0]!.body.equals(small), inOrder[1]!.body.equals(large)]).toEqual([true, true]);
      expect(idle).toEqual([]);
    });

    it('passes over an answer that nobody waits for, and one to what is no address', async () => {
      const broker = await bench.start();
      const asked: ControlMessage[] = [];
      const node = await nodeOn(broker, []);
      const gone = await consoleOn(broker, asked);
      gone.request(request(), {}, WAIT_MS);
      await gone.close();
      await gone.close();
      for (const address of [gone.address, randomUUID(), 'x"; select 1', 'é'.repeat(100)])
        node.reply(address, request(), { ticket: 'a' });
      const console = await consoleOn(broker, asked);
      console.request(request(), {}, WAIT_MS);
      await untilHolds(() => {
        node.reply(console.address, request(), { ticket: 'b' });
        expect(asked).not.toEqual([]);
      });
      expect(asked.map(({ headers }) => headers['ticket'])).not.toContain('a');
      expect(broker.state).toBe('up');
    });

    it('asks and answers again after a reconnect', async () => {
      const { broker, line } = await bench.startBehindLine();
      const [heard, asked]: ControlMessage[][] = [[], []];
      const node = await nodeOn(broker, heard!);
      const console = await consoleOn(broker, asked!);
      const { address } = console;
      const down = inState(broker, 'down');
      line.cut();
      await down;
      await inState(broker, 'up');
      expect(console.address).toBe(address);
      // The mailbox may be opened a moment after the connection.
      await untilHolds(() => {
        console.request(request(), {}, WAIT_MS);
        expect(heard).not.toEqual([]);
      });
      await untilHolds(() => {
        node.reply(console.address, request(), { ticket: 'c' });
        expect(asked).not.toEqual([]);
      });
    });
  });
}
