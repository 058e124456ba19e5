/**
 * Writes items together. Where that fails each is tried alone, so that one that cannot be written spoils it for none.
 * @param write of one or more items; what it rejects with says why none of them was written.
 * @param onFailed gets those that cannot be written alone either. Must not reject.
 */
export async function togetherOrApart<T>(
  items: readonly T[],
  write: (items: readonly T[]) => Promise<void>,
  onFailed: (item: T, error: unknown) => Promise<void> | void,
): Promise<void> {
  try {
    await write(items);
  } catch (error) {
    if (items.length === 1) return onFailed(items[0]!, error);
    for (const item of items) await togetherOrApart([item], write, onFailed);
  }
}
