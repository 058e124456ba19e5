import { createServer } from 'node:net';
import { EmbeddedPostgresError } from './errors.ts';

export interface PortWish {
  /** Asked for by name: this one or none. 0: any. */
  readonly port: number;
  /** The one it had last; taken again where it is free, so that URLs stay as they were. */
  readonly last: number | undefined;
}

/** @throws EmbeddedPostgresError `embedded_postgres_port_taken` */
export async function choosePort({ port, last }: PortWish): Promise<number> {
  if (port !== 0) {
    if (await listens(port)) return port;
    throw new EmbeddedPostgresError(
      'embedded_postgres_port_taken',
      `port ${port} of 127.0.0.1 is in use: stop what uses it, or let the embedded PostgreSQL choose a free one (port 0)`,
    );
  }
  return (last !== undefined && (await listens(last))) || (await listens(0))!;
}

/** The port it listened on for a moment, undefined where it may not. */
function listens(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : undefined));
    });
  });
}
