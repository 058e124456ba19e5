import { plainArray, textArray } from '@lovage/foundation';
import type { Values } from '../connection/statement.ts';
import { FROM_START } from '../consume/level-takes.ts';
import { levelOfId, idShift } from '../queues/message-order.ts';

/** A message ready to be stored. */
export interface Packable {
  readonly queue: string;
  /** Undefined: the default. */
  readonly priority: number | undefined;
  /** JSON text. */
  readonly properties: string;
  /** Bytes of `properties` in UTF-8. */
  readonly propertiesSize: number;
  readonly body: Buffer;
}

export interface Packed {
  readonly values: Values;
  /** Each message's place in the list of queues, from 1. */
  readonly places: readonly number[];
}

/** A batch as the parameters of `PUBLISH`. */
export function pack(items: readonly Packable[]): Packed {
  const placeOf = new Map<string, number>();
  const places: number[] = [];
  const at: number[] = [];
  let size = 0;
  for (const item of items) {
    let place = placeOf.get(item.queue);
    if (place === undefined) placeOf.set(item.queue, (place = placeOf.size + 1));
    places.push(place);
    at.push(size + 1);
    size += item.propertiesSize + item.body.length;
  }
  const bytes = Buffer.allocUnsafe(size);
  let offset = 0;
  for (const item of items) {
    offset += bytes.write(item.properties, offset, 'utf8');
    offset += item.body.copy(bytes, offset);
  }
  return {
    places,
    values: [
      textArray([...placeOf.keys()]),
      plainArray(places),
      plainArray(at),
      plainArray(items.map((item) => item.propertiesSize)),
      plainArray(items.map((item) => item.body.length)),
      bytes,
    ],
  };
}

/**
 * Messages that all have a priority, as the parameters of `PUBLISH_PRIORITIES`: a queue has a place for each priority.
 */
export function packPriorities(items: readonly Packable[]): Packed {
  const kinds = new Map<string, { queue: string; shift: number }>();
  const keyed = items.map((item) => {
    const shift = idShift(item.priority!);
    const queue = `${shift} ${item.queue}`;
    kinds.set(queue, { queue: item.queue, shift });
    return { ...item, queue };
  });
  const { places, values } = pack(keyed);
  const list = [...kinds.values()];
  return {
    places,
    values: [
      textArray(list.map(({ queue }) => queue)),
      ...values.slice(1),
      plainArray(list.map(({ shift }) => shift)),
      textArray(list.map(({ shift }) => (shift === 0 ? '' : FROM_START + levelOfId(shift)))),
    ],
  };
}

/** The same items in runs of at most `maxBytes` each; one that is larger by itself gets a run of its own. */
export function splitBySize<T extends Packable>(items: readonly T[], maxBytes: number): T[][] {
  const runs: T[][] = [];
  let room = 0;
  for (const item of items) {
    const size = item.propertiesSize + item.body.length;
    if (runs.length === 0 || size > room) {
      runs.push([]);
      room = maxBytes;
    }
    runs.at(-1)!.push(item);
    room -= size;
  }
  return runs;
}
