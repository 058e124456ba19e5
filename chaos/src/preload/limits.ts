/** Starts of `chaos.rated` a second, and what may start on top of that. */
export const RATE = 40;
export const BURST = 5;
/** The most in any second. */
export const RATED_AT = RATE + BURST;
/** `chaos.capped` of one key at once. */
export const CAPPED_AT = 2;
