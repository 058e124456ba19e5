import type { HandlerTable } from '../handlers.ts';

/** RabbitMQ keeps a prefetch count in 16 bits. */
export const MAX_PREFETCH = 65_535;
/** Full batches of each batch contract that are held beyond the slots: one that runs, and the one that gathers meanwhile. */
const BATCHES = 2;

/** Messages held of each queue: those of the slots, and room for batches to become full. */
export function prefetchFor(bySlots: number, handlers: HandlerTable): number {
  const sizes = handlers.names().map((name) => handlers.find(name)!.contract.options.batch?.size ?? 0);
  return Math.min(bySlots + BATCHES * sizes.reduce((sum, size) => sum + size, 0), MAX_PREFETCH);
}
