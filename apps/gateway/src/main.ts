import 'reflect-metadata';
import { runGateway } from './run-gateway.ts';

process.exit(await runGateway());
