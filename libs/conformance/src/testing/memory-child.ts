// For the test that ends its process: nothing that can only be loaded inside Jest.
import type { Broker } from '@lovage/ports';
import { MemoryBroker } from '@lovage/testing/memory-broker';

export function createBroker(): Broker {
  return new MemoryBroker();
}
