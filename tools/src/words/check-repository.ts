import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ALLOWED_TEXTS, NOT_CHECKED } from './allowed.ts';
import { checkWords, type Finding } from './check-words.ts';

const TEXT =
  /\.(?:ts|tsx|mts|mjs|js|md|sql|prisma|json|ya?ml|css|sh|conf|html|py|example)$|(?:^|\/)(?:Dockerfile|run|nightly)$/;

/** Words that are still in files, by the start of their paths. It only ever shrinks. */
const notDone = JSON.parse(readFileSync(new URL('not-done.json', import.meta.url), 'utf8')) as Record<string, string[]>;

/**
 * Every retired word in the files that git tracks or would add, but for what is not checked and what is not done yet.
 *
 * @param root of the repository
 * @param pending by the start of a path: words that are still in its files. Default: `not-done.json`
 */
export function checkRepository(
  root: string,
  pending: Readonly<Record<string, readonly string[]>> = notDone,
): Finding[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  const files = listed
    .split('\n')
    .filter((path) => TEXT.test(path) && !NOT_CHECKED.some(({ path: one }) => one.test(path)));
  const starts = Object.entries(pending);
  return files
    .filter((path) => existsSync(join(root, path)))
    .flatMap((path) => {
      const allowed = ALLOWED_TEXTS.filter(({ path: where }) => where?.test(path) ?? true).map(({ text }) => text);
      const findings = checkWords(path, readFileSync(join(root, path), 'utf8'), allowed);
      if (findings.length === 0) return findings;
      const later = new Set(starts.flatMap(([start, words]) => (path.startsWith(start) ? words : [])));
      return findings.filter(({ word }) => !later.has(word));
    });
}
