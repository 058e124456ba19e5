/** A start of a beat. Times are ms since the epoch. */
export interface KnownBeat {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly seenAt: number;
  /** It was seen within 20 s: four times as long as it takes to tell again. */
  readonly alive: boolean;
}

/** Which beats run, for people: no beat needs to know. All throw StoreUnavailableError. */
export interface BeatStore {
  /** It runs; beats that nobody has seen for a day are forgotten. */
  seen(beat: Pick<KnownBeat, 'id' | 'host' | 'pid'>): Promise<void>;
  /** It ended by itself. */
  gone(id: string): Promise<void>;
  /** Those seen within a day, the latest first, at most 100. */
  list(): Promise<KnownBeat[]>;
}
