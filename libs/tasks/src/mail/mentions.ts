/** Longest name that is one. */
const MAX_NAME = 64;

/**
 * An @ that begins a word, and the letters, digits, `_`, `.` and `-` after it. What stands before the @ must not be part
 * of a word, an address (`ann@example.org`) or a path (`/@ann`), and no more may follow of an address or a path.
 */
const MENTION = /(?<![\p{L}\p{M}\p{N}_.+@/\\-])@([\p{L}\p{N}_][\p{L}\p{M}\p{N}_.-]*)(?![\p{L}\p{M}\p{N}_.@/\\-])/gu;

/** The names that a text mentions, each once, as first written and in that order. `@Ann.` is Ann at the end of a sentence. */
export function findMentions(text: string): string[] {
  const found = new Map<string, string>();
  for (const [, word] of text.matchAll(MENTION)) {
    const name = word!.replace(/[.-]+$/, '');
    if (name.length > MAX_NAME) continue;
    const key = nameKey(name);
    if (!found.has(key)) found.set(key, name);
  }
  return [...found.values()];
}

/** The same for names that differ in small and capital letters only, or in how Unicode writes them. */
export function nameKey(name: string): string {
  return name.normalize('NFC').toLowerCase();
}
