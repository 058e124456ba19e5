import { FilePathError } from './errors.ts';

declare const checked: unique symbol;

/**
 * The path of a file inside a store: names separated by `/`, relative to the store's folder, checked by {@link filePath}.
 * Joined to that folder it lies inside of it, on every operating system.
 */
export type FilePath = string & { readonly [checked]: true };

/** Longest path, characters; with any folder before it, it stays below the 4096 bytes of Linux and fits where 1024 is the limit. */
export const MAX_PATH = 500;
/** Longest name, bytes of UTF-8: file systems allow 255, the rest is for what is added while a file is being written. */
const MAX_NAME_BYTES = 200;
const MAX_DEPTH = 16;
/** Of a text that becomes a name, the characters that are looked at, from its end. A name takes 200 of them at most. */
const MAX_SAFE_TEXT = 1000;
/** Half of a character: no UTF-8 stands for it. */
const LONE_SURROGATE = /\p{Cs}/u;

/**
 * The text as a path of a file, in Unicode's composed form, so that names that look the same are the same.
 * Names beginning with a dot are refused: the store keeps what is unfinished under such names.
 * @throws FilePathError
 */
export function filePath(text: string): FilePath {
  if (text === '') throw new FilePathError('it is empty');
  if (text.length > MAX_PATH) throw new FilePathError(`it is longer than ${MAX_PATH} characters`);
  if (LONE_SURROGATE.test(text)) throw new FilePathError('it is not well-formed Unicode');
  const path = text.normalize('NFC');
  const names = path.split('/');
  if (names.length > MAX_DEPTH) throw new FilePathError(`it is deeper than ${MAX_DEPTH} folders`);
  for (const name of names) checkName(name);
  return path as FilePath;
}

/**
 * A name for a file made from any text, such as what a stranger called it: its last part, with what a path may not hold
 * taken out. Never throws; a text of which nothing is left gives `fallback`.
 */
export function safeName(text: string, fallback = 'file'): string {
  // From the front, so that the ending stays; before the rest, since a long text in Unicode's composed form takes its time.
  const end = text.slice(-MAX_SAFE_TEXT);
  const last = end.slice(Math.max(end.lastIndexOf('/'), end.lastIndexOf('\\')) + 1).normalize('NFC');
  const clean = last.replace(/[\p{Cc}\p{Cf}\p{Cs}<>:"|?*]/gu, '');
  const name = lastBytes(withoutEnds(clean), MAX_NAME_BYTES);
  // What was cut off may leave a dot or a blank at the front.
  return withoutEnds(name) || fallback;
}

/** The text without the dots and blanks at both ends. */
function withoutEnds(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isDotOrBlank(text[from]!)) from += 1;
  while (to > from && isDotOrBlank(text[to - 1]!)) to -= 1;
  return text.slice(from, to);
}

const isDotOrBlank = (char: string): boolean => char === '.' || char.trim() === '';

/** The end of the text, whole characters of at most so many bytes of UTF-8. */
function lastBytes(text: string, maxBytes: number): string {
  const chars = [...text];
  let from = chars.length;
  for (let left = maxBytes; from > 0; from -= 1) {
    left -= Buffer.byteLength(chars[from - 1]!);
    if (left < 0) break;
  }
  return chars.slice(from).join('');
}

function checkName(name: string): void {
  if (name === '') throw new FilePathError('a name in it is empty: it begins or ends with "/", or has two in a row');
  if (name.startsWith('.')) throw new FilePathError('a name in it begins with a dot');
  // What is cut off, or stands for something else, on Windows.
  if (/[.\s]$/.test(name) || /^\s/.test(name))
    throw new FilePathError('a name in it begins or ends with a blank or ends with a dot');
  if (/[\\<>:"|?*]/.test(name)) throw new FilePathError('a name in it holds one of \\ < > : " | ? *');
  // Format characters too: they reverse a name on the screen, or hide in it.
  if (/[\p{Cc}\p{Cf}]/u.test(name)) throw new FilePathError('a name in it holds a control character');
  if (Buffer.byteLength(name) > MAX_NAME_BYTES)
    throw new FilePathError(`a name in it is longer than ${MAX_NAME_BYTES} bytes`);
}
