import type { Scenario } from '../run/scenario.ts';

/** Deleted with all that waits in it; a worker that serves it declares it again. */
export const queueDeleted: Scenario = {
  name: 'queue-deleted',
  summary: 'the queue deleted with its messages, again and again; the platform declares it anew',
  seconds: 40,
  atLeastSeconds: 10,
  async disturb(stage) {
    let messages = 0;
    let times = 0;
    while (!stage.load.waning) {
      await stage.rabbit.onChannel(async (channel) => {
        messages += (await channel.deleteQueue(stage.queue)).messageCount;
      });
      times += 1;
      stage.returned('the queue');
      await stage.pause(5);
    }
    stage.note(`deleted ${times} times, with ${messages} messages that nobody had taken`);
  },
  proof: (_seen, stage) => stage.notes.find((note) => note.startsWith('deleted')) && 'deletions',
};
