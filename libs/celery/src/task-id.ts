import { isUuid, uuidFrom } from '@lovage/foundation';

/** The id of the row for an id on the wire: the same when it is a UUID as Postgres prints it, else one derived from the text, always the same. */
export function taskIdOf(wireId: string): string {
  return isUuid(wireId) ? wireId : uuidFrom(wireId);
}
