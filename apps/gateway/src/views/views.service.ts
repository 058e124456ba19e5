import { Inject, Injectable } from '@nestjs/common';
import { isUuid, newId } from '@lovage/foundation';
import { MAX_VIEWS, type NewViewBody, type ViewDocument, type ViewList, type ViewPatchBody } from '@lovage/http-api';
import type { View } from '@lovage/ports';
import { Audit, type Origin } from '../audit/audit.service.ts';
import { unauthenticated } from '../auth/authenticate.ts';
import type { CurrentUser } from '../auth/current-user.ts';
import { type GatewayPlatform, PLATFORM } from '../deps.ts';
import { ProblemError } from '../problems/problem-error.ts';

/** Views of one list. */
const LISTED = 500;

/** Searches that users keep, and may share. */
@Injectable()
export class ViewsService {
  constructor(
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'views'>,
    private readonly audit: Audit,
  ) {}

  async list(screen: string | undefined, user: CurrentUser): Promise<ViewList> {
    const views = await this.platform.views.list(user.id, { screen, limit: LISTED });
    return { items: views.map((view) => viewDocument(view, user)) };
  }

  /** @throws ProblemError `too_many_views` */
  async create(body: NewViewBody, origin: Origin): Promise<ViewDocument> {
    const user = origin.user!;
    const made = await this.platform.views.insert({ id: newId(), userId: user.id, ...body }, MAX_VIEWS);
    if (made === 'no_user') throw unauthenticated(new Error('the user is gone'));
    if (made === 'full')
      throw new ProblemError('too_many_views', `a user keeps at most ${MAX_VIEWS} views; delete one first`);
    await this.audit.note(origin, { action: 'view.create', target: made.id, detail: body });
    return viewDocument(made, user);
  }

  /** @throws ProblemError `view_unknown`, `forbidden` */
  async update(id: string, patch: ViewPatchBody, origin: Origin): Promise<ViewDocument> {
    const { id: known } = await this.changeable(id, origin.user!);
    const changed = await this.platform.views.update(known, patch);
    if (!changed) throw viewUnknown(id);
    await this.audit.note(origin, { action: 'view.update', target: known, detail: patch });
    return viewDocument(changed, origin.user!);
  }

  /** @throws ProblemError `view_unknown`, `forbidden` */
  async remove(id: string, origin: Origin): Promise<void> {
    const { id: known, name, userId } = await this.changeable(id, origin.user!);
    if (!(await this.platform.views.remove(known))) throw viewUnknown(id);
    await this.audit.note(origin, { action: 'view.delete', target: known, detail: { name, owner: userId } });
  }

  private async changeable(id: string, user: CurrentUser): Promise<View> {
    const view = isUuid(id) ? await this.platform.views.get(id.toLowerCase()) : undefined;
    if (!view) throw viewUnknown(id);
    if (view.userId === user.id || user.role === 'admin') return view;
    // Of others nobody is told what is not shared.
    if (!view.shared) throw viewUnknown(id);
    throw new ProblemError('forbidden', `the view belongs to ${view.ownerName}; save one of your own`);
  }
}

function viewDocument(view: View, user: CurrentUser): ViewDocument {
  const { id, name, screen, query, shared } = view;
  return {
    ...{ id, name, screen, query, shared },
    own: view.userId === user.id,
    owner: { id: view.userId, name: view.ownerName },
    createdAt: new Date(view.createdAt).toISOString(),
    updatedAt: new Date(view.updatedAt).toISOString(),
  };
}

const viewUnknown = (id: string): ProblemError =>
  new ProblemError('view_unknown', `there is no view ${JSON.stringify(id)}: it was deleted, or is not shared`);
