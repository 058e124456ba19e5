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
 * Every retired word of a file, with the line where it begins: it may go on in the next line of a comment or a paragraph. Words that are
 * retired as names only are looked for in code alone: in identifiers, and not in comments or texts.
 *
 * @param allowed texts that are taken out before it looks, such as the name of a column
 */
export function checkWords(path: string, text: string, allowed: readonly RegExp[] = []): Finding[] {
  const shown = allowed.reduce((rest, one) => rest.replaceAll(one, (found) => found.replaceAll(/\S/g, '·')), text);
  const plain = plainWords(shown);
  const findings: Finding[] = [];
  // Most files have none: one look at the whole tells.
  const flat = plain.replaceAll(/\n[\s/*#>]*/g, ' ');
  const some = ANYWHERE.filter(({ pattern }) => pattern.test(flat));
  if (some.length > 0) {
    const lines = shown.split('\n');
    for (const passage of passages(plain.split('\n'), !isCode(path)))
      for (const word of some)
        for (const at of linesOf(word, passage)) findings.push(finding(path, at + 1, word, lines[at]!.trim()));
    findings.sort((one, other) => one.line - other.line);
  }
  if (isCode(path) && NAMES.some(({ pattern }) => anywhere(pattern).test(plain)))
    findings.push(...checkNames(path, shown));
  return findings;
}

/** Lines that are read as one: those of a comment or of a paragraph; any other line alone. */
interface Passage {
  readonly text: string;
  /** Where each of its lines begins in the text, by their order. */
  readonly starts: readonly number[];
  /** The number of its first line, from 0. */
  readonly first: number;
}

/** What begins a line of a comment, and is no part of its sentence. Fences, tables, lists and headings begin a paragraph. */
const COMMENT = /^\s*(?:\/\*\*?|\/\/|\*(?!\/)|#)\s?(.*)$/;
const OWN_LINE = /^\s*(?:```|\||[-*+\d]|#|$)/;

function passages(lines: readonly string[], prose: boolean): Passage[] {
  const found: { text: string; starts: number[]; first: number }[] = [];
  let open = false;
  lines.forEach((line, at) => {
    const sentence = prose ? (OWN_LINE.test(line) ? undefined : line.trim()) : COMMENT.exec(line)?.[1]?.trim();
    const last = found.at(-1);
    if (last && open && sentence !== undefined) {
      last.starts.push(last.text.length + 1);
      last.text += ` ${sentence}`;
    } else found.push({ text: sentence ?? line, starts: [0], first: at });
    // A paragraph may begin in a line of a list.
    open = sentence !== undefined || (prose && line.trim() !== '' && !/^\s*(?:```|\||#)/.test(line));
  });
  return found;
}

/** Lines in which the word begins, each once. */
function linesOf({ pattern, except }: RetiredWord, { text, starts, first }: Passage): number[] {
  if (!pattern.test(text)) return [];
  const shown = except ? text.replaceAll(new RegExp(except, 'g'), (passed) => passed.replaceAll(/\S/g, '·')) : text;
  const found = new Set<number>();
  for (const { index } of shown.matchAll(new RegExp(pattern, 'g')))
    found.add(first + starts.findLastIndex((start) => start <= index));
  return [...found];
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
  const visit = (node: ts.Node, parent: ts.Node): void => {
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) {
      const words = plainWords(node.text).replace(/^#/, '');
      for (const word of NAMES)
        if (has(word, words) && (word.names !== 'declared' || declares(parent, node)))
          findings.push(
            finding(path, source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1, word, node.text),
          );
    }
    ts.forEachChild(node, (child) => visit(child, node));
  };
  visit(source, source);
  return findings;
}

/** The node is the name of a variable, a parameter or a field. */
const declares = (parent: ts.Node, node: ts.Node): boolean =>
  (ts.isVariableDeclaration(parent) ||
    ts.isParameter(parent) ||
    ts.isBindingElement(parent) ||
    ts.isPropertyDeclaration(parent)) &&
  parent.name === node;

/** A pattern that is bound to the ends of a name, for a look at a whole text. */
const anywhere = ({ source }: RegExp): RegExp => new RegExp(source.replace(/^\^/, '\\b').replace(/\$$/, '\\b'));

const has = ({ pattern, except }: RetiredWord, line: string): boolean =>
  pattern.test(line) && pattern.test(except ? line.replaceAll(new RegExp(except, 'g'), '') : line);

const finding = (path: string, line: number, { word, use }: RetiredWord, text: string): Finding => ({
  ...{ path, line, word, use, text: text.slice(0, 120) },
});
