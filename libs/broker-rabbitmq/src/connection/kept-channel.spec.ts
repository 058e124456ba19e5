import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type { Channel, ChannelModel } from 'amqplib';
import { Signal } from '@lovage/foundation';
import { silentLog, TestClock } from '@lovage/testing';
import { KeptChannel } from './kept-channel.ts';
import type { Link } from './link.ts';

class FakeChannel extends EventEmitter {
  closed = false;

  close(): Promise<void> {
    if (!this.closed) {
      this.closed = true;
      this.emit('close');
    }
    return Promise.resolve();
  }

  /** As the server does: first the error, then the end. */
  die(): void {
    this.emit('error', new Error('406 PRECONDITION_FAILED'));
    void this.close();
  }
}

class FakeLink {
  readonly up = new Signal<ChannelModel>();
  readonly down = new Signal();
  connection: ChannelModel | undefined = {} as ChannelModel;

  comeUp(): void {
    this.connection = {} as ChannelModel;
    this.up.emit(this.connection);
  }

  goDown(): void {
    this.connection = undefined;
    this.down.emit();
  }
}

function bench(setUp: (channel: FakeChannel) => Promise<void> = () => Promise.resolve()) {
  const link = new FakeLink();
  const clock = new TestClock();
  const opened: FakeChannel[] = [];
  const lost: FakeChannel[] = [];
  const kept = new KeptChannel<Channel>({
    purpose: 'test',
    link: link as unknown as Link,
    log: silentLog,
    clock,
    open: () => {
      const channel = new FakeChannel();
      opened.push(channel);
      return Promise.resolve(channel as unknown as Channel);
    },
    setUp: (channel) => setUp(channel as unknown as FakeChannel),
    lost: (channel) => lost.push(channel as unknown as FakeChannel),
  });
  const live = (): FakeChannel[] => opened.filter((channel) => !channel.closed);
  return { link, clock, opened, lost, kept, live };
}

describe('KeptChannel', () => {
  it('opens another when its channel dies, and only then', async () => {
    const { link, clock, opened, lost, kept, live } = bench();
    await kept.open(link.connection!);
    kept.keep();
    await clock.advance(60_000);
    expect(opened).toHaveLength(1);
    opened[0]!.die();
    expect(kept.current).toBeUndefined();
    expect(lost).toEqual([opened[0]]);
    await clock.advance(50);
    expect(opened).toHaveLength(2);
    expect(kept.current).toBe(opened[1]);
    expect(live()).toHaveLength(1);
  });

  it('waits for its connection, and opens on the next one', async () => {
    const { link, clock, opened, kept } = bench();
    await kept.open(link.connection!);
    kept.keep();
    link.goDown();
    await opened[0]!.close();
    await clock.advance(60_000);
    expect(opened).toHaveLength(1);
    link.comeUp();
    await clock.advance(0);
    expect(opened).toHaveLength(2);
    expect(kept.current).toBe(opened[1]);
  });

  it('tries less and less often where it cannot be set up, and goes on for ever', async () => {
    let fails = true;
    const { link, clock, opened, kept, live } = bench(() =>
      fails ? Promise.reject(new Error('refused')) : Promise.resolve(),
    );
    await expect(kept.open(link.connection!)).rejects.toThrow('refused');
    expect(live()).toHaveLength(0);
    kept.keep();
    // In steps: between two tries there are promises to settle.
    for (let n = 0; n < 600; n += 1) await clock.advance(100);
    const tries = opened.length;
    // Waits are drawn below 50, 100, 200 … 5000 ms: over a minute, some dozens and not thousands.
    expect(tries).toBeGreaterThan(12);
    expect(tries).toBeLessThan(120);
    fails = false;
    for (let n = 0; n < 50; n += 1) await clock.advance(100);
    expect(kept.current).toBe(opened.at(-1));
    expect(live()).toHaveLength(1);
  });

  it('is not opened again once retired, and keeps what is open until closed', async () => {
    const { link, clock, opened, kept, live } = bench();
    await kept.open(link.connection!);
    kept.keep();
    kept.retire();
    expect(live()).toHaveLength(1);
    await kept.close();
    expect(live()).toHaveLength(0);
    link.goDown();
    link.comeUp();
    await clock.advance(60_000);
    expect(opened).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it('closes at once what comes open after it was retired', async () => {
    let setUpDone!: () => void;
    const { link, kept, live } = bench(() => new Promise((resolve) => (setUpDone = resolve)));
    const opening = kept.open(link.connection!);
    await new Promise((resolve) => setImmediate(resolve));
    kept.retire();
    setUpDone();
    await opening;
    expect(kept.current).toBeUndefined();
    expect(live()).toHaveLength(0);
  });

  it('rejects when the channel dies while it is set up', async () => {
    const { link, kept } = bench((channel) => {
      channel.die();
      return Promise.resolve();
    });
    await expect(kept.open(link.connection!)).rejects.toThrow('closed while it was set up');
    expect(kept.current).toBeUndefined();
  });

  it('opens one channel, however often the connection is announced', async () => {
    const { link, clock, opened, kept } = bench();
    kept.keep();
    link.up.emit(link.connection!);
    link.up.emit(link.connection!);
    await clock.advance(0);
    link.up.emit(link.connection!);
    await clock.advance(0);
    expect(opened).toHaveLength(1);
  });

  it('renews its channel on request', async () => {
    const { link, clock, opened, kept, live } = bench();
    await kept.open(link.connection!);
    kept.keep();
    kept.renew();
    await clock.advance(50);
    expect(opened).toHaveLength(2);
    expect(live()).toEqual([opened[1]]);
  });
});
