import { describe, expect, it } from '@jest/globals';
import type { Consumption, ConsumptionState } from '@lovage/ports';
import { untilHolds } from '../until-holds.ts';
import { inState, message, type Bench } from './bench.ts';

const untilState = (consumption: Consumption, state: ConsumptionState): Promise<void> =>
  untilHolds(() => expect(consumption.health.state).toBe(state));

export function health(bench: Bench): void {
  describe('health of a consumption', () => {
    it('is consuming once subscribed, since then, and stays so while nothing changes', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      const began = Date.now();
      const { inbox, consumption } = await bench.consume(broker, queue, 1);
      const { health: first } = consumption;
      expect(first.state).toBe('consuming');
      expect(first.since).toBeGreaterThanOrEqual(began);
      expect(first.since).toBeLessThanOrEqual(Date.now());
      await broker.publish(message(queue, 'x'));
      (await inbox.next()).ack();
      expect(consumption.health).toEqual(first);
    });

    it('is paused by cancel and by close', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      const { consumption: cancelled } = await bench.consume(broker, queue, 1);
      const { consumption: closed } = await bench.consume(broker, queue, 1);
      const began = Date.now();
      await cancelled.cancel();
      await closed.close();
      for (const { health: shown } of [cancelled, closed]) {
        expect(shown.state).toBe('paused');
        expect(shown.since).toBeGreaterThanOrEqual(began);
      }
    });

    it('is stalled while the server is away, and consuming again with it', async () => {
      const { broker, line } = await bench.startBehindLine();
      const { consumption } = await bench.consume(broker, await bench.declared(broker), 1);
      const { consumption: cancelled } = await bench.consume(broker, await bench.declared(broker), 1);
      await cancelled.cancel();
      const began = Date.now();
      const down = inState(broker, 'down');
      await line.refuse();
      await down;
      await untilState(consumption, 'stalled');
      const { since } = consumption.health;
      expect(since).toBeGreaterThanOrEqual(began);
      expect(cancelled.health.state).toBe('paused');
      await line.heal();
      await untilState(consumption, 'consuming');
      expect(consumption.health.since).toBeGreaterThanOrEqual(since);
      expect(cancelled.health.state).toBe('paused');
    });
  });
}
