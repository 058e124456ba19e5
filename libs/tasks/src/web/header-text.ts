/**
 * A header's value as it was meant. Node reads headers as Latin-1; servers send UTF-8 as well, in `Location` and in file
 * names. What is valid UTF-8 is that.
 */
export function headerText(value: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(value, 'latin1'));
  } catch {
    return value;
  }
}
