import { CeleryBackendError, type CeleryBackend } from '@lovage/ports';

type Used = Pick<
  CeleryBackend,
  'store' | 'setChordSize' | 'saveGroup' | 'addChordPart' | 'withoutPart' | 'chordParts' | 'group' | 'endChord'
>;

/** What a canvas uses of Celery's result backend, in memory; it can be away. */
export class MemoryBackend implements Used {
  readonly sizes = new Map<string, number>();
  readonly parts = new Map<string, { score: number; part: string }[]>();
  readonly groups = new Map<string, string>();
  readonly states = new Map<string, string>();
  readonly dealtWith = new Set<string>();
  away = false;

  async store(states: Parameters<CeleryBackend['store']>[0]): Promise<void> {
    this.ask();
    for (const { taskId, meta } of states) this.states.set(taskId, meta);
  }

  async setChordSize(groupId: string, size: number): Promise<void> {
    this.ask();
    this.sizes.set(groupId, size);
  }

  async saveGroup(groupId: string, group: string): Promise<void> {
    this.ask();
    this.groups.set(groupId, group);
  }

  async addChordPart({ groupId, groupIndex, part, taskId }: Parameters<CeleryBackend['addChordPart']>[0]) {
    this.ask();
    const parts = this.parts.get(groupId) ?? [];
    if (!parts.some((one) => one.part === part)) parts.push({ score: groupIndex ?? Infinity, part });
    this.parts.set(groupId, parts);
    const size = this.sizes.get(groupId) ?? null;
    if (size === null || parts.length < size) this.dealtWith.add(taskId);
    return { done: parts.length, size };
  }

  async withoutPart(taskIds: readonly string[]): Promise<string[]> {
    this.ask();
    return taskIds.filter((id) => !this.dealtWith.has(id));
  }

  async chordParts(groupId: string): Promise<string[]> {
    this.ask();
    return [...(this.parts.get(groupId) ?? [])].sort((a, b) => a.score - b.score).map(({ part }) => part);
  }

  async group(groupId: string): Promise<string | null> {
    this.ask();
    return this.groups.get(groupId) ?? null;
  }

  async endChord({ groupId, taskId, keep }: Parameters<CeleryBackend['endChord']>[0]): Promise<void> {
    this.ask();
    this.dealtWith.add(taskId);
    if (keep) return;
    this.parts.delete(groupId);
    this.sizes.delete(groupId);
  }

  private ask(): void {
    if (this.away) throw new CeleryBackendError('away');
  }
}
