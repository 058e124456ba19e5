// Says which services answer. Nx takes it into account when it looks for a cached result: what was skipped without
// RabbitMQ is run once there is one.
import { answers, DEFAULT_AMQP_URL } from './services.mjs';

process.stdout.write((await answers(process.env.TEST_AMQP_URL || DEFAULT_AMQP_URL)) ? 'amqp\n' : 'none\n');
