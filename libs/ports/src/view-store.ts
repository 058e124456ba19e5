/** What a user keeps of a view. */
export interface ViewPatch {
  readonly name?: string;
  readonly query?: string;
  readonly shared?: boolean;
}

export interface NewView extends Required<ViewPatch> {
  readonly id: string;
  readonly userId: string;
  readonly screen: string;
}

/** A search that a user keeps. */
export interface View extends NewView {
  /** Name of its user, else the e-mail. */
  readonly ownerName: string;
  /** Times are ms since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Searches that users keep, and may share. All throw StoreUnavailableError. */
export interface ViewStore {
  /** `full`: the user has `most` already; `no_user`: the user is gone. */
  insert(view: NewView, most: number): Promise<View | 'full' | 'no_user'>;
  /** The user's own, then shared ones of others, by name. */
  list(userId: string, options: { readonly screen?: string; readonly limit: number }): Promise<View[]>;
  get(id: string): Promise<View | undefined>;
  /** `undefined`: there is none any more. */
  update(id: string, patch: ViewPatch): Promise<View | undefined>;
  remove(id: string): Promise<boolean>;
}
