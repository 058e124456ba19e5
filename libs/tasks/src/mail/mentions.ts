/** Longest name that is one. */
const MAX_NAME = 64;

/**
 * An @ that begins a word, and the letters, digits, `_`, `.` and `-` after it. What stands before the @ must not be part
 * of a word, an address (`ann@example.org`) or a path (`/@ann`). The second group is what must not follow: more of an
 * address or a path. It is matched, not looked ahead for: a look-ahead that fails is tried again for each shorter word.
 */
const MENTION = /(?<![\p{L}\p{M}\p{N}_.+@/\\-])@([\p{L}\p{N}_][\p{L}\p{M}\p{N}_.-]*)([@/\\])?/gu;

/** The names that a text mentions, each once, as first written and in that order. `@Ann.` is Ann at the end of a sentence. */
export function findMentions(text: string): string[] {
  const found = new Map<string, string>();
  for (const [, word, more] of text.matchAll(MENTION)) {
    if (more !== undefined) continue;
    const name = withoutEnd(word!);
    if (name.length > MAX_NAME) continue;
    const key = nameKey(name);
    if (!found.has(key)) found.set(key, name);
  }
  return [...found.values()];
}

/** Without the `.` and `-` at its end: those of the sentence. */
function withoutEnd(word: string): string {
  let end = word.length;
  while (word[end - 1] === '.' || word[end - 1] === '-') end -= 1;
  return word.slice(0, end);
}

/** The same for names that differ in small and capital letters only, or in how Unicode writes them. */
export function nameKey(name: string): string {
  return name.normalize('NFC').toLowerCase();
}
