import { EndHorizon } from './end-horizon.ts';

const MINUTE = 60_000;

/** A horizon whose server has these transactions open; true: they have written tasks. */
function horizon(...looks: [minute: number, open: Record<string, boolean>][]) {
  const run = async <R>(): Promise<R[]> => {
    const [minute, open] = looks.shift()!;
    return [{ now: minute * MINUTE, open }] as R[];
  };
  return new EndHorizon({ run });
}
/** The moments that were passed, in minutes; two seconds lie between. */
async function passed(of: EndHorizon, looks: number): Promise<(number | undefined)[]> {
  const all: (number | undefined)[] = [];
  for (let i = 0; i < looks; i += 1) {
    const ms = await of.advance();
    all.push(ms === undefined ? undefined : (ms + 2_000) / MINUTE);
  }
  return all;
}

test('a moment is passed when all that was open then is over', async () => {
  const of = horizon([1, { a: true }], [2, { a: true, b: true }], [3, { b: true }], [4, { c: true }], [5, {}]);
  expect(await passed(of, 5)).toEqual([undefined, undefined, 1, 3, 4]);
});

test('what has not written tasks within five minutes is not waited for, what has within an hour', async () => {
  const dump = { dump: false };
  const of = horizon(
    [1, dump],
    [5, dump],
    [6, dump],
    [7, dump],
    [8, { dump: true }],
    [9, { dump: true }],
    [61, dump],
    [62, {}],
  );
  expect(await passed(of, 8)).toEqual([undefined, undefined, 1, 6, 7, 7, 8, 61]);
  const writing = { w: true };
  expect(await passed(horizon([1, writing], [60, writing], [61, writing], [62, writing]), 4)).toEqual([
    undefined,
    undefined,
    1,
    61,
  ]);
});
