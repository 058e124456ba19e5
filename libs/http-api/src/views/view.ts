import { z } from 'zod';
import { lineText } from '../texts.ts';

/** Views that a user may keep. */
export const MAX_VIEWS = 100;

const Name = z.string().trim().pipe(lineText(100));
const Screen = z
  .string()
  .max(40, { abort: true })
  .regex(/^[a-z][a-z-]*$/, { error: 'must be the name of a screen, such as tasks' });
const Query = z
  .string()
  .max(4000, { abort: true })
  .regex(/^\P{Cc}*$/u, { error: 'must not hold control characters' })
  .meta({ description: 'The search of the screen’s URL, without `?`; any text, kept as it is' });
const Shared = z.boolean().meta({ description: 'Others see it too; only its owner and administrators change it' });

/** Body of `POST /api/views`. */
export const NewViewBody = z
  .strictObject({ name: Name, screen: Screen, query: Query, shared: Shared.default(false) })
  .meta({ id: 'NewView' });
export type NewViewBody = z.output<typeof NewViewBody>;

/** Body of `PATCH /api/views/{id}`. */
export const ViewPatchBody = z
  .strictObject({ name: Name, query: Query, shared: Shared })
  .partial()
  .refine((patch) => Object.values(patch).some((value) => value !== undefined), { error: 'changes nothing' })
  .meta({ id: 'ViewPatch' });
export type ViewPatchBody = z.output<typeof ViewPatchBody>;

const time = z.iso.datetime({ precision: 3 });

/** A search that somebody keeps. */
export const ViewDocument = z
  .object({
    id: z.uuid(),
    name: z.string(),
    screen: z.string().meta({ example: 'tasks' }),
    query: z.string(),
    shared: z.boolean(),
    own: z.boolean().meta({ description: 'It is yours' }),
    owner: z.object({ id: z.uuid(), name: z.string().meta({ description: 'Name of the user, else the e-mail' }) }),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'View' });
export type ViewDocument = z.output<typeof ViewDocument>;

/** Query of `GET /api/views`. */
export const ViewListQuery = z.strictObject({
  screen: Screen.optional().meta({ description: 'Views of this screen only' }),
});
export type ViewListQuery = z.output<typeof ViewListQuery>;

export const ViewList = z
  .object({ items: z.array(ViewDocument).meta({ description: 'Your own, then shared ones, by name; 500 at most' }) })
  .meta({ id: 'ViewList' });
export type ViewList = z.output<typeof ViewList>;
