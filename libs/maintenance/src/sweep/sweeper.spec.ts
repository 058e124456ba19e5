import { StoreUnavailableError, type SweepReport } from '@lovage/ports';
import { RecordingLog, TestClock } from '@lovage/testing';
import { rest } from '../testing/fakes.ts';
import { Sweeper } from './sweeper.ts';

const NOTHING: SweepReport = { lapsedWorkers: 0, requeued: 0, revoked: 0, expired: 0, served: 0 };

const replies: [string, { state: unknown }][] = [];
const broker = {
  reply: (address: string, { body }: { body: Buffer }) =>
    void replies.push([address, JSON.parse(body.toString()) as never]),
};

describe('Sweeper', () => {
  test('tells those who wait for what has expired', async () => {
    const reply = { address: 'inbox', correlationId: 'c', taskId: 't', state: 'EXPIRED' as const };
    const sweep = { sweep: async () => ({ ...NOTHING, expired: 1, replies: [reply] }) };
    await new Sweeper({ sweep, broker, log: new RecordingLog() }).runOnce();
    expect(replies).toMatchObject([
      ['inbox', { task_id: 't', status: 'REVOKED', result: { exc_message: ['expired'] } }],
    ]);
  });

  test('sweeps each second, tells what it found, and wakes the relay for what it requeued', async () => {
    const clock = new TestClock();
    const log = new RecordingLog();
    const reports = [NOTHING, { ...NOTHING, lapsedWorkers: 1, requeued: 3 }, { ...NOTHING, expired: 2 }];
    let sweeps = 0;
    let wakes = 0;
    const sweep = { sweep: async () => reports[sweeps++] ?? NOTHING };
    const sweeper = new Sweeper({ sweep, broker, log, clock, onRequeued: () => (wakes += 1) });
    await sweeper.start();
    await rest(clock);
    await clock.advance(3000);
    expect(sweeps).toBe(4);
    expect(wakes).toBe(1);
    expect(log.entries).toMatchObject([
      { level: 'warn', fields: { lapsedWorkers: 1, requeued: 3 } },
      { level: 'info', fields: { expired: 2 } },
    ]);
    await sweeper.stop();
    await clock.advance(5000);
    expect(sweeps).toBe(4);
  });

  test('goes on while Postgres is away, and says so once', async () => {
    const clock = new TestClock();
    const log = new RecordingLog();
    let away = true;
    let good = 0;
    const sweep = async () => {
      if (away) throw new StoreUnavailableError('away');
      good += 1;
      return NOTHING;
    };
    const sweeper = new Sweeper({ sweep: { sweep }, broker, log, clock });
    await sweeper.start();
    await rest(clock);
    await clock.advance(20_000);
    expect(log.entries.filter(({ level }) => level === 'warn').length).toBe(1);
    away = false;
    await clock.advance(6000);
    expect(good).toBeGreaterThan(0);
    await sweeper.stop();
  });
});
