import ts from 'typescript';
import { RETIRED_WORDS, type RetiredWord } from './retired-words.ts';

/** A retired word in a file. */
export interface Finding {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly word: string;
  /** The word to write instead. */
  readonly use: string;
  /** What was found: a name, or the line. */
  readonly text: string;
}

const ANYWHERE = RETIRED_WORDS.filter(({ names }) => !names);
const NAMES = RETIRED_WORDS.filter(({ names }) => names);
const isCode = (path: string): boolean => /\.(?:ts|tsx|mts|mjs|js)$/.test(path);

/**
 * Every retired word of a file, line by line. Words that are retired as names only are looked for in code alone: in identifiers, and not in
 * comments or texts.
 *
 * @param allowed texts that are taken out before it looks, such as the name of a column
 */
export function checkWords(path: string, text: string, allowed: readonly RegExp[] = []): Finding[] {
  const shown = allowed.reduce((rest, one) => rest.replaceAll(one, (found) => found.replaceAll(/\S/g, '·')), text);
  const plain = plainWords(shown);
  const findings: Finding[] = [];
  // Most files have none: one look at the whole tells.
  const some = ANYWHERE.filter(({ pattern }) => pattern.test(plain));
  if (some.length > 0) {
    const lines = shown.split('\n');
    plain.split('\n').forEach((line, at) => {
      for (const word of some) if (has(word, line)) findings.push(finding(path, at + 1, word, lines[at]!.trim()));
    });
  }
  if (isCode(path) && NAMES.some(({ pattern }) => anywhere(pattern).test(plain)))
    findings.push(...checkNames(path, shown));
  return findings;
}

/** A text in small letters, with the words of each name apart; its lines stay. */
export function plainWords(text: string): string {
  return text
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .replaceAll(/[_-]/g, ' ')
    .toLowerCase();
}

function checkNames(path: string, text: string): Finding[] {
  const findings: Finding[] = [];
  const source = ts.createSourceFile(
    path,
    text,
    ts.ScriptTarget.Latest,
    false,
    path.endsWith('x') ? ts.ScriptKind.TSX : undefined,
  );
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) {
      const words = plainWords(node.text).replace(/^#/, '');
      for (const word of NAMES)
        if (has(word, words))
          findings.push(
            finding(path, source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1, word, node.text),
          );
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return findings;
}

/** A pattern that is bound to the start of a name, for a look at a whole text. */
const anywhere = (pattern: RegExp): RegExp =>
  pattern.source.startsWith('^') ? new RegExp(`\\b${pattern.source.slice(1)}`) : pattern;

const has = ({ pattern, except }: RetiredWord, line: string): boolean =>
  pattern.test(line) && pattern.test(except ? line.replaceAll(new RegExp(except, 'g'), '') : line);

const finding = (path: string, line: number, { word, use }: RetiredWord, text: string): Finding => ({
  ...{ path, line, word, use, text: text.slice(0, 120) },
});
