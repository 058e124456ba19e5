const PER_SECOND: Readonly<Record<string, number>> = { s: 1, m: 1 / 60, h: 1 / 3600 };
/** So many a second is no limit any more. */
const MAX_RATE = 1_000_000;

/** A rate as Celery has it: `10/m`, `2/s`, `100/h`, a number a second. 0: none. Undefined: it is no rate. */
export function rateOfText(given: unknown): number | undefined {
  if (given === null || given === undefined || given === '') return 0;
  if (typeof given === 'number') return within(given);
  if (typeof given !== 'string') return undefined;
  const [, number, unit = 's'] = /^(\d+(?:\.\d*)?|\.\d+)(?:\s*\/\s*([smh]))?$/.exec(given.trim()) ?? [];
  return number === undefined ? undefined : within(Number(number) * PER_SECOND[unit]!);
}

/** A rate as Celery shows it, in the unit in which it is a whole number, if there is one. */
export function textOfRate(perSecond: number): string {
  for (const [unit, of] of Object.entries(PER_SECOND)) {
    const number = perSecond / of;
    if (Math.abs(number - Math.round(number)) < 1e-9) return `${Math.round(number)}/${unit}`;
  }
  return `${perSecond}/s`;
}

const within = (rate: number): number | undefined => (rate >= 0 && rate <= MAX_RATE ? rate : undefined);
