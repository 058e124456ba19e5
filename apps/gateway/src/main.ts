import 'reflect-metadata';
import { setFlagsFromString } from 'node:v8';
import { onceReady } from '@lovage/processes';

// What only a start would bring in and an idle gateway would hold for ever. Prisma's WebAssembly, which serves the users
// alone, stays as it is first compiled: optimising it takes 0.3 s of CPU and 30 MB at each start. And the space for new
// objects, which doubles while modules load and never shrinks, does not grow until the gateway serves.
setFlagsFromString('--liftoff-only');
setFlagsFromString('--wasm-lazy-compilation');
setFlagsFromString('--semi-space-growth-factor=1');
onceReady(() => setFlagsFromString('--semi-space-growth-factor=2'));
// Imported only now: what it loads is what is to be kept small.
void import('./run-gateway.ts').then(async ({ runGateway }) => process.exit(await runGateway()));
