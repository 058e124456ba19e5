import type { FastifyInstance } from 'fastify';

/** The routes there are, to tell a wrong method from a wrong path. */
export class KnownRoutes {
  private readonly routes: { readonly path: RegExp; readonly methods: readonly string[] }[] = [];

  /** Notes every route that is added to the server from now on. */
  watch(server: FastifyInstance): void {
    server.addHook('onRoute', ({ url, method }) => {
      // Of CORS, for preflights: it says nothing of the paths there are.
      if (url === '*') return;
      const pattern = url
        .split('/')
        .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace('*', '.*')))
        .join('/');
      this.routes.push({ path: new RegExp(`^${pattern}$`), methods: [method].flat() });
    });
  }

  /** Methods that this path takes; none: there is no such path. */
  methodsOf(path: string): string[] {
    const found = this.routes.filter((route) => route.path.test(path)).flatMap((route) => route.methods);
    return [...new Set(found)].sort();
  }
}
