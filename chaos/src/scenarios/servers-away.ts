import { limited } from '../preload/contracts.ts';
import type { Scenario } from '../run/scenario.ts';

const AWAY_SECONDS = 20;

export const rabbitStopped: Scenario = {
  name: 'rabbitmq-stopped',
  summary: `RabbitMQ stopped for ${AWAY_SECONDS} s and started again; submits go on`,
  seconds: 45,
  atLeastSeconds: 30,
  async disturb(stage) {
    await stage.rabbit.down();
    const before = stage.load.accepted.size;
    await stage.pause(AWAY_SECONDS);
    stage.note(`${stage.load.accepted.size - before} tasks accepted while RabbitMQ was away`);
    await stage.rabbit.up();
    stage.returned('RabbitMQ');
  },
  proof: (_seen, stage) => stage.notes.find((note) => /^[1-9]\d* tasks accepted while/.test(note)) && 'one stop',
};

export const postgresStopped: Scenario = {
  name: 'postgres-stopped',
  summary: `PostgreSQL stopped for ${AWAY_SECONDS} s and started again; a fifth of the tasks has a limit`,
  seconds: 45,
  atLeastSeconds: 30,
  task: (n, usual) => (n % 5 === 0 ? { ...usual, name: limited.name } : usual),
  async disturb(stage) {
    await stage.postgres.down();
    const before = stage.load.accepted.size;
    await stage.pause(AWAY_SECONDS);
    stage.note(`${stage.load.accepted.size - before} tasks accepted while PostgreSQL was away`);
    await stage.postgres.up();
    stage.returned('PostgreSQL');
  },
  proof: (_seen, stage) => (stage.returns.length > 0 ? 'one stop' : undefined),
};
