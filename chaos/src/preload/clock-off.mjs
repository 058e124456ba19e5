// node --import: this process believes that it is LOVAGE_CHAOS_CLOCK_OFF_MS later; durations stay true.
const offsetMs = Number(process.env.LOVAGE_CHAOS_CLOCK_OFF_MS);
if (!Number.isFinite(offsetMs)) throw new Error('LOVAGE_CHAOS_CLOCK_OFF_MS must be a number of milliseconds');

const RealDate = globalThis.Date;
const now = () => RealDate.now() + offsetMs;
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  apply: () => new RealDate(now()).toString(),
  get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
});
