import { createServer, type AddressInfo } from 'node:net';
import { ExitCode } from '@lovage/settings';
import { ExitError } from './exit-error.ts';

/**
 * The port for REST: the one asked for, if nobody has it, or a free one for 0. Looked up before anything is started, so
 * that a port in use is told within the first second.
 * @throws ExitError with code 4.
 */
export function listenPort(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        new ExitError(
          taken ? ExitCode.portInUse : ExitCode.badSetting,
          taken
            ? `port ${port} on ${host} is in use: stop what uses it, or set PORT to another`
            : `cannot listen on ${host}:${port} (${error.message}): correct HOST and PORT`,
          { cause: error },
        ),
      );
    });
    server.listen({ host, port, exclusive: true }, () => {
      const { port: found } = server.address() as AddressInfo;
      server.close(() => resolve(found));
    });
  });
}
