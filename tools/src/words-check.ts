import { fileURLToPath } from 'node:url';
import { checkRepository } from './words/check-repository.ts';

// `npm run lint:words`: tells each retired word, where it is and what to write instead. Exit code 1 when there is one.
const findings = checkRepository(fileURLToPath(new URL('../..', import.meta.url)));
for (const { path, line, word, use, text } of findings)
  process.stderr.write(`${path}:${line}: "${word}" is retired; use ${use}\n    ${text}\n`);
if (findings.length > 0)
  process.stderr.write(`${findings.length} retired words. docs/glossary.md has the words to use.\n`);
process.exitCode = findings.length > 0 ? 1 : 0;
