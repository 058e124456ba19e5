/** Nest token of the clock that handlers wait by; with no provider they use the system's. Tests provide one of their own. */
export const CLOCK: unique symbol = Symbol('lovage.clock');
