import type { NewView, View, ViewPatch, ViewStore } from '@lovage/ports';
import type { Database } from '../database.ts';
import { GET_VIEW, INSERT_VIEW, LIST_VIEWS, LOCK_USER, REMOVE_VIEW, UPDATE_VIEW } from '../sql/views.ts';

interface RawView {
  id: string;
  user_id: string;
  owner_name: string;
  name: string;
  screen: string;
  query: string;
  shared: boolean;
  created_at: Date;
  updated_at: Date;
}

/** Saved views on Postgres. */
export class PgViewStore implements ViewStore {
  constructor(private readonly database: Database) {}

  insert({ id, userId, name, screen, query, shared }: NewView, most: number): Promise<View | 'full' | 'no_user'> {
    return this.database.transaction(async (run) => {
      if ((await run(LOCK_USER, [userId])).length === 0) return 'no_user';
      const [row] = await run<RawView>(INSERT_VIEW, [id, userId, name, screen, query, shared, most]);
      return row ? toView(row) : 'full';
    });
  }

  async list(userId: string, { screen, limit }: { readonly screen?: string; readonly limit: number }): Promise<View[]> {
    return (await this.database.run<RawView>(LIST_VIEWS, [userId, screen ?? null, limit])).map(toView);
  }

  async get(id: string): Promise<View | undefined> {
    const [row] = await this.database.run<RawView>(GET_VIEW, [id]);
    return row && toView(row);
  }

  async update(id: string, { name, query, shared }: ViewPatch): Promise<View | undefined> {
    const values = [id, name ?? null, query ?? null, shared ?? null];
    const [row] = await this.database.run<RawView>(UPDATE_VIEW, values);
    return row && toView(row);
  }

  async remove(id: string): Promise<boolean> {
    return (await this.database.run(REMOVE_VIEW, [id])).length > 0;
  }
}

function toView({ id, user_id, owner_name, name, screen, query, shared, created_at, updated_at }: RawView): View {
  return {
    ...{ id, userId: user_id, ownerName: owner_name, name, screen, query, shared },
    createdAt: created_at.getTime(),
    updatedAt: updated_at.getTime(),
  };
}
