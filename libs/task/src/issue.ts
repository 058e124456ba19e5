/** One thing wrong with a value: where (`input.x`, `input.items.3.name`) and what. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

/** Issues that the message of an error tells. */
const MAX_LISTED = 10;

/** The issues as one text, for a message: the first ten, and how many more there are. */
export function listIssues(issues: readonly Issue[]): string {
  const told = issues.slice(0, MAX_LISTED).map(({ path, message }) => `${path}: ${message}`);
  const more = issues.length - told.length;
  return more > 0 ? `${told.join('; ')}; and ${more} more` : told.join('; ');
}
