import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A fenced block of a page. */
export interface CodeBlock {
  /** `sh`, `ts`, `diff`, … */
  readonly language: string;
  readonly text: string;
}

/** The blocks of a page in Markdown, in order; of one section, if its heading (without `#`) is given. */
export function codeBlocks(markdown: string, heading?: string): CodeBlock[] {
  const section = heading === undefined ? markdown : sectionOf(markdown, heading);
  return [...section.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({
    language: language!,
    text: text!,
  }));
}

/**
 * Does what a block tells: a `ts` block is the file that its first line names, a `diff` block adds its `+` lines to the file
 * that its first line names, below the line that stands above them; at the top, if none does.
 * @throws Error when the block does not fit the file.
 */
export function applyBlock(root: string, { language, text }: CodeBlock): void {
  const [first, ...rest] = text.split('\n');
  const [, name] = /^\s*\/\/ (\S+)$/.exec(first!) ?? [];
  if (name === undefined) throw new Error(`the first line names no file: ${first}`);
  const file = join(root, name);
  if (language === 'ts') {
    mkdirSync(dirname(file), { recursive: true });
    return writeFileSync(file, text, { flag: 'wx' });
  }
  if (language !== 'diff') throw new Error(`nothing is known of how to apply ${language}`);
  const before = readFileSync(file, 'utf8');
  const added: { readonly at: number; readonly text: string }[] = [];
  let at = 0;
  for (const line of rest) {
    if (line.startsWith('+')) added.push({ at, text: line.slice(1).trimEnd() });
    else if (line.trim() !== '') at = endOf(line.trim(), before, name);
  }
  const content = added.reduceRight(
    (text, one) => `${text.slice(0, one.at)}\n${one.text}${text.slice(one.at)}`,
    before,
  );
  writeFileSync(file, content);
}

/** Where a text that stands in it once ends. */
function endOf(anchor: string, content: string, name: string): number {
  const at = content.indexOf(anchor);
  if (at < 0 || content.includes(anchor, at + 1)) throw new Error(`${name} should have this once: ${anchor}`);
  return at + anchor.length;
}

function sectionOf(markdown: string, heading: string): string {
  const [, level] = new RegExp(`^(#+) ${heading}$`, 'm').exec(markdown) ?? [];
  if (level === undefined) throw new Error(`no heading ${JSON.stringify(heading)}`);
  const from = markdown.indexOf(`${level} ${heading}`);
  const next = markdown.indexOf(`\n${level} `, from + 1);
  return markdown.slice(from, next < 0 ? undefined : next);
}
