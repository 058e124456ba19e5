// Stands in for an app in the launcher's specs. STAND_IN_<NAME> says how it behaves.
import { spawn } from 'node:child_process';
import { clearInterval, setInterval, setTimeout } from 'node:timers';

const name = process.argv[2];
const how = process.env[`STAND_IN_${name.toUpperCase()}`] ?? 'fine';
const say = (/** @type {string} */ text) => process.stdout.write(`${text}\n`);

say(
  `pid ${process.pid} env ${JSON.stringify({ db: process.env.DATABASE_URL, port: process.env.PORT, jwt: process.env.JWT_SECRET, admin: process.env.ADMIN_PASSWORD })} args ${process.argv.slice(3).join(' ')}`,
);
process.on('SIGTERM', () => {
  if (how === 'stubborn') return say('not listening');
  say('ending');
  // As a worker whose tasks have a grace: beyond the 7.5 s that children have without one.
  setTimeout(() => process.exit(0), how === 'slow' ? 8000 : 0);
});
process.on('exit', () => say('ended'));
if (how.startsWith('exit')) {
  process.stderr.write('this is why\n');
  process.exit(Number(how.slice(4)));
}
if (how === 'busy') {
  const grandchild = spawn('sleep', ['600'], { stdio: 'ignore' });
  say(`grandchild ${grandchild.pid}`);
}
if (how === 'waits') {
  const asked = new Promise((resolve) => process.once('SIGUSR2', resolve));
  process.send?.({ stage: 'waiting for a signal' });
  const alive = setInterval(() => undefined, 1000);
  await asked;
  clearInterval(alive);
}
process.send?.('ready');
say('ready');
if (how === 'busy') for (;;); // as a handler that holds the event loop
setInterval(() => undefined, 1000);
