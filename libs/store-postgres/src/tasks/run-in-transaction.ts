import type { SqlTransaction } from '@lovage/ports';
import type { Statement } from '../database.ts';

/**
 * Runs a statement on a connection that is not ours. Every parameter goes as text and is cast by the statement: drivers differ
 * in what they make of a number or a list, not in what they make of a text. Not prepared: its name could be taken there.
 */
export async function runInTransaction<Row>(
  transaction: SqlTransaction,
  statement: Statement,
  values: readonly unknown[],
): Promise<Row[]> {
  const text = statement.text.replace(/\$(\d+)(?:::(\w+(?:\[\])?))?/g, (_, no: string, type?: string) =>
    type && type !== 'text' ? `$${no}::text::${type}` : `$${no}::text`,
  );
  const texts = values.map((value) => (value === null || value === undefined ? null : String(value)));
  if ('$queryRawUnsafe' in transaction) return (await transaction.$queryRawUnsafe(text, ...texts)) as Row[];
  return (await transaction.query(text, texts)).rows as Row[];
}
