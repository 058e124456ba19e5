/** How a suspect may run. */
export interface SuspectTerms {
  /** In a group of at most so many, itself included. */
  readonly group: number;
  /** In a child that has run nothing else: what died alone before must not be blamed for what another has left behind. */
  readonly fresh: boolean;
}

/** Where a suspect runs. */
export interface GroupPlace<T> {
  readonly item: T;
  /** From 0 on. */
  readonly child: number;
  readonly fresh: boolean;
}

interface Waiting<T> extends SuspectTerms {
  readonly item: T;
}

/**
 * Which suspects run together: a search for the guilty by halving. Each runs in a group no larger than its terms allow; when the child
 * of a group dies, each of it may run in groups of half that size from then on, so the guilty one runs alone after as many
 * deaths as the group could be halved, and one that ends is innocent. Knows no processes and no time.
 */
export class SuspectGroups<T> {
  private readonly waiting: Waiting<T>[] = [];
  private readonly members: Map<T, SuspectTerms>[];
  private readonly childOf = new Map<T, number>();
  /** Takes nobody in until it is empty: somebody has waited for that. */
  private emptying: number | undefined;

  /** @param most suspects at a time, in all children together. */
  constructor(
    children: number,
    private readonly most: number,
  ) {
    this.members = Array.from({ length: children }, () => new Map<T, SuspectTerms>());
  }

  get size(): number {
    return this.waiting.length;
  }

  /** How many may run at a time. */
  get places(): number {
    return this.most;
  }

  /** Largest group that any child takes. */
  get largest(): number {
    return Math.max(1, Math.ceil(this.most / this.members.length));
  }

  add(item: T, { group, fresh }: SuspectTerms): void {
    this.waiting.push({ item, group: Math.max(1, Math.min(group, this.largest)), fresh });
  }

  /** Those that may begin now, the longest-waiting first. Each counts as running until {@link leave}. */
  next(): GroupPlace<T>[] {
    const places: GroupPlace<T>[] = [];
    for (let i = 0; i < this.waiting.length;) {
      if (this.childOf.size >= this.most) break;
      const { item, ...terms } = this.waiting[i]!;
      const child = this.childFor(terms, i === 0);
      if (child === undefined) {
        i += 1;
        continue;
      }
      this.waiting.splice(i, 1);
      this.members[child]!.set(item, terms);
      this.childOf.set(item, child);
      places.push({ item, child, fresh: terms.fresh });
    }
    return places;
  }

  /** Where one that counts as running was placed. */
  placeOf(item: T): GroupPlace<T> | undefined {
    const child = this.childOf.get(item);
    return child === undefined ? undefined : { item, child, fresh: this.members[child]!.get(item)!.fresh };
  }

  /** It has ended, has left, or waits no longer. */
  leave(item: T): void {
    const child = this.childOf.get(item);
    if (child !== undefined) {
      this.members[child]!.delete(item);
      this.childOf.delete(item);
      return;
    }
    const at = this.waiting.findIndex((one) => one.item === item);
    if (at >= 0) this.waiting.splice(at, 1);
  }

  /** Those that wait, and hold: they leave. */
  takeWaiting(which: (item: T) => boolean): T[] {
    const taken = this.waiting.filter(({ item }) => which(item)).map(({ item }) => item);
    for (const item of taken) this.leave(item);
    return taken;
  }

  /** @param isFirst nobody has waited longer: should no child take it in, one is emptied for it. */
  private childFor(terms: SuspectTerms, isFirst: boolean): number | undefined {
    if (this.emptying !== undefined && this.members[this.emptying]!.size === 0) this.emptying = undefined;
    let best: number | undefined;
    for (const [child, members] of this.members.entries())
      if (
        child !== this.emptying &&
        this.takesIn(members, terms) &&
        (best === undefined || members.size > this.members[best]!.size)
      )
        best = child;
    if (best === undefined && isFirst && this.emptying === undefined) this.emptying = this.smallest();
    return best;
  }

  private takesIn(members: ReadonlyMap<T, SuspectTerms>, terms: SuspectTerms): boolean {
    const size = members.size + 1;
    if (size > terms.group || (terms.fresh && size > 1)) return false;
    for (const member of members.values()) if (member.fresh || size > member.group) return false;
    return true;
  }

  private smallest(): number {
    let smallest = 0;
    for (const [child, { size }] of this.members.entries()) if (size < this.members[smallest]!.size) smallest = child;
    return smallest;
  }
}

/** The largest group that each may run in from now on, of so many whose child has died. */
export function halved(together: number): number {
  return Math.max(1, Math.floor(together / 2));
}
