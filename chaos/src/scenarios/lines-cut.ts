import type { Scenario } from '../run/scenario.ts';
import type { Stage } from '../run/stage.ts';

const EVERY_SECONDS = 4;

/** Runs this inside RabbitMQ again and again while tasks are submitted; it evaluates to the number that it cut. */
async function cutting(stage: Stage, expression: string): Promise<void> {
  let cuts = 0;
  while (!stage.load.waning) {
    const answer = await stage.rabbit.evaluate(
      `Cut = begin ${expression} end, {Cut, erlang:system_time(millisecond)}.`,
    );
    const [, count, at] = /^\{(\d+),(\d+)\}$/.exec(answer) ?? [];
    if (at === undefined) throw new Error(`RabbitMQ could not do that: ${answer}`);
    if (Number(count) > 0) stage.returned('RabbitMQ', Number(at));
    cuts += Number(count);
    await stage.pause(EVERY_SECONDS);
  }
  if (cuts > 0) stage.note(`${cuts} cut`);
}

const cut = (stage: Stage): string | undefined => (stage.notes.some((note) => / cut$/.test(note)) ? 'cuts' : undefined);

/** Every other time without a goodbye: its process is killed, and the socket just closes. */
export const connectionCut: Scenario = {
  name: 'connection-cut',
  summary: 'every AMQP connection closed by the server, again and again: with a goodbye, and without one',
  seconds: 40,
  atLeastSeconds: 10,
  disturb: (stage) =>
    cutting(
      stage,
      `Found = rabbit_networking:local_connections(),
       case erlang:system_time(second) div ${EVERY_SECONDS} rem 2 of
         0 -> [catch rabbit_networking:close_connection(P, "chaos") || P <- Found];
         1 -> [exit(P, kill) || P <- Found]
       end, length(Found)`,
    ),
  proof: (_seen, stage) => cut(stage),
};

/** An ack of a delivery that there is not: RabbitMQ closes the channel with 406 PRECONDITION_FAILED. */
export const channelCut: Scenario = {
  name: 'channel-cut',
  summary: 'every AMQP channel closed by the server with a channel error (406), again and again',
  seconds: 40,
  atLeastSeconds: 10,
  disturb: (stage) =>
    cutting(
      stage,
      `Found = rabbit_channel:list_local(),
       [rabbit_channel:do(P, {'basic.ack', 999999999, false}) || P <- Found], length(Found)`,
    ),
  proof: (_seen, stage) => cut(stage),
};

/**
 * The server ends each subscription and says so, as it does when a queue's leader is gone for good. The queue stays, with its
 * messages: those that were taken and not acked are requeued when the channel goes.
 */
export const consumerCut: Scenario = {
  name: 'consumer-cut',
  summary: 'every consumer cancelled by the server (basic.cancel), again and again; the queue stays',
  seconds: 40,
  atLeastSeconds: 10,
  disturb: (stage) =>
    cutting(
      stage,
      `{ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"${stage.queue}">>)),
       Consumers = [{element(1, C), element(2, C)} || C <- rabbit_amqqueue:consumers(Q)],
       [begin
          rabbit_channel:do(Channel, {'basic.cancel', Tag, true}),
          rabbit_channel:flush(Channel),
          {dictionary, Entries} = process_info(Channel, dictionary),
          [Supervisor | _] = proplists:get_value('$ancestors', Entries),
          {writer, Writer, _, _} = lists:keyfind(writer, 1, supervisor:which_children(Supervisor)),
          rabbit_writer:send_command(Writer, {'basic.cancel', Tag, true})
        end || {Channel, Tag} <- Consumers], length(Consumers)`,
    ),
  proof: (_seen, stage) => cut(stage),
};
