import { readdirSync } from 'node:fs';
import { fromRoot } from '../testing/page-program.ts';
import { blocksOf, typeProblems } from '../testing/page-types.ts';

/** Pages whose blocks are one program; other specs run it. */
const PROGRAMS = [
  'docs/client.md',
  'docs/finding.md',
  'docs/follow-ups.md',
  'docs/submitting-elsewhere.md',
  'docs/testing.md',
  'docs/writing-a-handler.md',
];

/** What a block of the other pages leaves out, as a reader would write it: imports, and names of his own code. */
const COMMON = `
import { opendir } from 'node:fs/promises';
import { Controller, Inject } from '@nestjs/common';
import { divide, pruneResults, sendMail, thumbnail } from '@lovage/contracts';
import { TaskBatchHandler, TaskHandler } from '@lovage/nest';
import { defineSchedule, defineTask } from '@lovage/task';
import type { AnyContract, BatchItem, Input, Schedule, TaskContext } from '@lovage/task';
import { WebClient } from '@lovage/tasks';
import { z } from 'zod';
`;
/** By page, for each block: what stands before and after it. `…`: a line that the block leaves out. */
const AROUND: Readonly<Record<string, readonly (readonly [before: string, after?: string])[]>> = {
  'README.md': [
    [''],
    [
      `const priceWithTax = defineTask({ name: 'shop.price_with_tax', input: z.strictObject({ net: z.number(), country: z.string() }), output: z.number(), errors: { UnknownCountry: z.strictObject({ country: z.string() }) } });`,
    ],
  ],
  'docs/batches.md': [
    [
      `interface Sql { query<R extends object>(text: string, values: unknown[]): Promise<R[]> }
       const SQL: unique symbol = Symbol('sql');`,
    ],
  ],
  'docs/celery.md': [
    [''],
    [
      `import type { LovageClient } from '@lovage/client'; declare const lovage: LovageClient;
       const train = defineTask({ name: 'ml.tasks.train', foreign: 'celery', input: z.strictObject({ model: z.string(), epochs: z.int() }), output: z.object({ loss: z.number() }) });`,
    ],
  ],
  'docs/limits.md': [['']],
  'docs/pools.md': [
    [''],
    [
      `const sync = defineTask({ name: 'a.sync', input: z.strictObject({ url: z.string() }), output: z.unknown() });
       class Tasks { private audit!: (url: string) => Promise<void>; private report!: (url: string) => void;`,
      '}',
    ],
  ],
  'docs/retries.md': [
    [''],
    [`function handler(task: TaskContext<typeof divide>, error: Error): void {`, '}'],
    [
      `declare const task: TaskContext<typeof divide>; declare const order: string;
       declare const bank: { charge(order: string, options: { idempotencyKey: string }): Promise<{ id: string }> };
       declare const mailer: { send(receipt: { id: string }): Promise<void> };`,
    ],
  ],
  'docs/schedules.md': [[''], ['declare const task: TaskContext<typeof divide>;']],
  'docs/tasks.md': [
    [
      `const Contact = z.strictObject({ name: z.string() });
       const syncContact = defineTask({ name: 'crm.sync_contact', input: z.strictObject({ url: z.string(), contact: Contact }), output: Contact });`,
    ],
    [`declare const task: TaskContext<typeof divide>; declare const path: string;`],
    [''],
  ],
  'docs/unique.md': [
    [
      `import type { LovageClient } from '@lovage/client'; declare const lovage: LovageClient;
       const clientOf = () => lovage.client({ syncTenant }); declare const crm: ReturnType<typeof clientOf>;`,
      '',
    ],
  ],
};

test('every page with TypeScript is looked at', () => {
  const pages = ['README.md', ...readdirSync(fromRoot('docs')).map((name) => `docs/${name}`)];
  const withBlocks = pages.filter((page) => page.endsWith('.md') && blocksOf(page).length > 0);
  expect(withBlocks.sort()).toEqual([...PROGRAMS, ...Object.keys(AROUND)].sort());
  for (const [page, around] of Object.entries(AROUND))
    expect([page, blocksOf(page).length]).toEqual([page, around.length]);
});

test('the TypeScript of README and docs compiles', () => {
  const programs = new Map(PROGRAMS.map((page) => [nameOf(page), blocksOf(page).join('\n')]));
  for (const [page, around] of Object.entries(AROUND))
    blocksOf(page).forEach((block, n) => {
      const [before, after = ''] = around[n]!;
      const imports = COMMON.split('\n').map((line) => withoutNames(line, block + before));
      programs.set(
        nameOf(page, n + 1),
        [...imports, before, block.replace('// …\n', REST).replace(OF_READER, ''), after].join('\n'),
      );
    });
  // One that would not, so that what the compiler says is known to be heard.
  programs.set('wrong.ts', `import { add } from '@lovage/contracts';\nadd.nme;`);
  expect(typeProblems(programs)).toEqual([expect.stringMatching(/^wrong.ts: Property 'nme'/)]);
}, 240_000);

/** The reader has added it to the library. */
const OF_READER = "import { priceWithTax } from '@lovage/contracts';\n";
/** What a contract has at least. */
const REST = 'input: z.strictObject({}), output: z.null(),\n';

const nameOf = (page: string, n?: number): string =>
  `${page.replace('docs/', '').replace('.md', '')}${n === undefined ? '' : `-${n}`}.ts`;

/** The import without the names that the block imports or declares itself. */
function withoutNames(line: string, block: string): string {
  const own = (name: string): boolean =>
    new RegExp(String.raw`(?:import[^;]*\b${name}\b[^;]*from|(?:const|class|interface) ${name}\b)`).test(block);
  return line.replace(
    /\{ (.*) \}/,
    (_, names: string) =>
      `{ ${names
        .split(', ')
        .filter((name) => !own(name))
        .join(', ')} }`,
  );
}
