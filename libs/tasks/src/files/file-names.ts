import { parse } from 'content-disposition';
import { headerText } from '../web/header-text.ts';

/** Longest header that is read for a name, characters. */
const MAX_DISPOSITION = 4096;

/**
 * What a server calls a file: `filename*` with its charset (RFC 8187), else `filename`, as UTF-8 where it is that and as
 * Latin-1 otherwise. Undefined when it gives no name.
 */
export function dispositionName(header: string | undefined): string | undefined {
  if (header === undefined || header.length > MAX_DISPOSITION) return undefined;
  try {
    return parse(headerText(header)).parameters['filename'] || undefined;
  } catch {
    // Malformed: as if there were none.
    return undefined;
  }
}

/** The last name of a URL's path, decoded as UTF-8 where it is that and as Latin-1 otherwise. */
export function urlName(url: string): string {
  const last = new URL(url).pathname.split('/').at(-1)!;
  return headerText(
    last.replaceAll(/%([0-9a-f]{2})/gi, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  );
}
