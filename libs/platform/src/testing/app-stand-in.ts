// A program run by `runApp`, which does what its first argument says.
import { runApp } from '../process/run-app.ts';

const [what = ''] = process.argv.slice(2);
const pause = setInterval(() => undefined, 1000);

process.exit(
  await runApp({
    name: 'stand-in',
    escapedExitCode: 5,
    exitCodeOf: (error) => ((error as { code?: string }).code === 'known' ? 3 : 1),
    async start() {
      if (what === 'known') throw Object.assign(new Error('the server is away'), { code: 'known' });
      if (what === 'bug') throw new TypeError('x is not a function');
      if (what === 'slow') {
        process.stdout.write('starting\n');
        await new Promise(() => undefined);
      }
      process.stdout.write('serving\n');
      if (what === 'throws' || what === 'throws-hangs')
        setTimeout(() => {
          void Promise.reject(new Error('nobody awaits this'));
          setTimeout(() => {
            throw new Error('nobody catches this');
          }, 10);
        }, 10);
      return {
        escaped: (kind, thrown) => void process.stdout.write(`${kind}: ${(thrown as Error).message}\n`),
        escapedStopMs: 200,
        async stop() {
          process.stdout.write('stopping\n');
          if (what.endsWith('hangs')) await new Promise(() => undefined);
          clearInterval(pause);
        },
      };
    },
  }),
);
