import type { LovageClient } from '@lovage/client';
import { allContracts, divide, sumToN } from '@lovage/contracts';
import { defineTask } from '@lovage/task';
import { z } from 'zod';
import { camel, familiesOf } from './families.ts';

const fake = { client: ({ task }: { task: object }) => ({ task: { of: task } }) } as unknown as LovageClient;

describe('families of tasks', () => {
  test('one object for each family, with names as in TypeScript, and those of the wire unlisted', () => {
    const families = familiesOf(fake, allContracts);
    expect(Object.keys(families)).toEqual(expect.arrayContaining(['math', 'demo', 'text']));
    expect(families['math']).toMatchObject({ divide: { of: divide }, sumToN: { of: sumToN } });
    expect((families['math'] as Record<string, unknown>)['sum_to_n']).toEqual({ of: sumToN });
    expect(Object.keys(families['math']!)).not.toContain('sum_to_n');
  });

  test('a name of three segments is two objects deep', () => {
    const deep = defineTask({ name: 'acme_shop.orders.send_now', input: z.strictObject({}), output: z.null() });
    expect(familiesOf(fake, [deep])).toEqual({ acmeShop: { orders: { sendNow: { of: deep } } } });
  });

  test.each([
    ['sum_to_n', 'sumToN'],
    ['add', 'add'],
    ['a__b_2c', 'aB2c'],
    ['ends_', 'ends_'],
  ])('%s reads %s', (wire, name) => {
    expect(camel(wire)).toBe(name);
  });
});
