import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Something that listens until it is stopped. */
export interface Listening {
  /** Such as `http://127.0.0.1:9100`. */
  readonly url: string;
  stop(): Promise<void>;
}

/** An HTTP server for the few things that a process tells about itself. */
export class SmallServer implements Listening {
  private readonly server: Server;

  /** @param options port 0: a free one. */
  constructor(
    private readonly options: { readonly host: string; readonly port: number },
    respond: RequestListener,
  ) {
    this.server = createServer(respond);
  }

  get url(): string {
    const { address, port, family } = this.server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /** Resolves when it listens. @throws Error `EADDRINUSE` when the port is taken. */
  start(): Promise<void> {
    const { host, port } = this.options;
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }
}
