import type { Families } from './families.ts';

export interface ConsoleBannerContent {
  readonly families: Families;
  readonly broker: string;
  readonly database: string;
}

/** What a person sees first. */
export function consoleBanner({ families, broker, database }: ConsoleBannerContent): string {
  return [
    `Lovage console: ${Object.keys(families).join(', ')}; lovage, tasks, contracts`,
    `  database ${database}, broker ${broker}`,
    '',
    '  await math.divide({ x: 1, y: 2 })                      call a task and wait',
    "  h = await math.sumToN.submit({ n: 1e7 }, { delay: '5s' })   submit; then h.state(), h.result(), h.revoke()",
    '  for await (const p of (await text.processWord.submit({ word: "lovage" })).progress()) console.log(p)',
    '  await tasks.get(h.id)                                  the row of a task',
    '',
    '  .tasks lists the tasks, .help the commands; Tab completes; Ctrl-C gives up waiting; Ctrl-D ends',
    '',
    '',
  ].join('\n');
}
