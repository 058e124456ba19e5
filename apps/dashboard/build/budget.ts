import { gzipSync } from 'node:zlib';
import type { Plugin, Rolldown } from 'vite';

/** Most script that the first load of the Overview may take, bytes of gzip. */
export const BUDGET_BYTES = 250 * 1024;
/** What the entry loads at once: the frame, and the screen in it. */
const FIRST = ['src/app/frame/frame.tsx', 'src/screens/overview/overview-screen.tsx'];

/** Fails a build whose first load takes more script than `BUDGET_BYTES`, and tells the size of the others. */
export function budget(): Plugin {
  return {
    name: 'lovage-budget',
    apply: 'build',
    generateBundle(_options, bundle) {
      const chunks = Object.values(bundle).filter((one): one is Rolldown.OutputChunk => one.type === 'chunk');
      const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
      const needed = new Set<string>();
      const add = (name: string): void => {
        if (needed.has(name)) return;
        needed.add(name);
        for (const next of byName.get(name)?.imports ?? []) add(next);
      };
      const first = FIRST.map((end) => chunks.find((chunk) => chunk.moduleIds.some((id) => id.endsWith(end))));
      for (const chunk of [...chunks.filter((one) => one.isEntry), ...first]) {
        if (!chunk) return this.error(`a module of the first load is in no chunk: ${FIRST.join(', ')}`);
        add(chunk.fileName);
      }
      let sum = 0;
      for (const name of needed) sum += gzipSync(byName.get(name)?.code ?? '').length;
      this.info(
        `first load of the Overview: ${(sum / 1024).toFixed(1)} KB of script (gzip), at most ${BUDGET_BYTES / 1024}`,
      );
      if (sum > BUDGET_BYTES)
        this.error(`the first load of the Overview takes ${sum} bytes of script (gzip), more than ${BUDGET_BYTES}`);
    },
  };
}
