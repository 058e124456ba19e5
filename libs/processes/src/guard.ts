import { spawn } from 'node:child_process';

export interface GuardOptions {
  /** Sent once this process has ended. */
  readonly signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL';
  /** To the process's whole group, of which it must be the leader. Default: to the process alone. */
  readonly group?: boolean;
  /** Sends SIGKILL when it still runs after so long, seconds. Default: never. */
  readonly killAfterSeconds?: number;
}

export interface Guard {
  /** Once the guarded process has ended: its pid may be given to another. */
  release(): void;
}

const SCRIPT = `read -r _
kill "-$2" "$1" || exit
[ "$3" ] || exit
i=0
while [ $i -lt "$3" ]; do sleep 1; kill -0 "$1" || exit; i=$((i + 1)); done
kill -KILL "$1"`;

/**
 * Ends a process when this one has ended, however it ended: a shell waits for the end of its input, which comes with
 * the end of this process. A child could watch for that itself, but not while its event loop is held.
 */
export function guardProcess(pid: number, { signal, group, killAfterSeconds }: GuardOptions): Guard {
  const target = String(group ? -pid : pid);
  const patience = killAfterSeconds === undefined ? '' : String(Math.ceil(killAfterSeconds));
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'sh', target, signal.slice('SIG'.length), patience], {
    cwd: '/',
    env: { PATH: process.env['PATH'] },
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  (shell.stdin as unknown as { unref?(): void }).unref?.();
  return { release: () => void shell.kill('SIGKILL') };
}
