import { Bookmark, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { ViewDocument } from '@lovage/http-api';
import { useDeleteView, useSaveView, useViews } from '../../api/queries/views.ts';
import { parseSearch } from '../../app/search-params.ts';
import { ApiErrorState } from '../../parts/api-error.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { Dialog, FormDialog } from '../../ui/dialog.tsx';
import { Menu, MenuItem, MenuLine, MenuText } from '../../ui/menu.tsx';
import { Checkbox } from '../../ui/switch.tsx';
import { TextField } from '../../ui/text-field.tsx';
import { tasksSearch, type TasksSearch } from './search.ts';
import styles from './tasks.module.css';

export interface ViewsMenuProps {
  /** The search of the URL as it is. */
  readonly query: string;
  readonly onOpen: (search: TasksSearch) => void;
}

/** Saved views: opens one, saves this one. */
export function ViewsMenu({ query, onOpen }: ViewsMenuProps) {
  const views = useViews('tasks');
  const [asked, setAsked] = useState<'save' | 'manage'>();
  const items = views.data?.items ?? [];
  const current = items.find((view) => view.query === query);
  return (
    <>
      <Menu
        trigger={
          <Button icon={<Bookmark size={14} />}>
            <span className={styles['viewName']}>{current ? current.name : 'Views'}</span>
          </Button>
        }
      >
        {items.length === 0 && (
          <MenuText>
            {views.isError ? `The views could not be read: ${views.error.title}` : 'No view is saved yet.'}
          </MenuText>
        )}
        {items.map((view) => (
          <MenuItem key={view.id} onSelect={() => onOpen(tasksSearch(parseSearch(view.query)))}>
            <span className={styles['viewItem']}>
              {view.name}
              {!view.own && <span className="muted"> by {view.owner.name}</span>}
              {view.own && view.shared && <span className="muted"> shared</span>}
            </span>
          </MenuItem>
        ))}
        <MenuLine />
        <MenuItem onSelect={() => setAsked('save')} disabled={query === ''}>
          Save this view
        </MenuItem>
        <MenuItem onSelect={() => setAsked('manage')} disabled={!items.some((view) => view.own)}>
          Delete views
        </MenuItem>
      </Menu>
      {asked === 'save' && <SaveView query={query} onClose={() => setAsked(undefined)} />}
      {asked === 'manage' && <ManageViews views={items} onClose={() => setAsked(undefined)} />}
    </>
  );
}

function SaveView({ query, onClose }: { query: string; onClose: () => void }) {
  const [name, setName] = useState('');
  const [shared, setShared] = useState(false);
  const save = useSaveView();
  return (
    <FormDialog
      onClose={onClose}
      title="Save this view"
      verb="Save the view"
      ready={name.trim() !== ''}
      busy={save.isPending}
      onSubmit={() =>
        save.mutate({ name: name.trim(), screen: 'tasks', query, shared }, { onSuccess: () => onClose() })
      }
    >
      <TextField
        label="Name"
        value={name}
        maxLength={100}
        onChange={(event) => setName(event.target.value)}
        autoFocus
      />
      <Checkbox checked={shared} onChange={setShared}>
        Others see it too
      </Checkbox>
      {save.error && <ApiErrorState what="The view could not be saved" error={save.error} />}
    </FormDialog>
  );
}

function ManageViews({ views, onClose }: { views: readonly ViewDocument[]; onClose: () => void }) {
  const remove = useDeleteView();
  const own = views.filter((view) => view.own);
  return (
    <Dialog open onClose={onClose} title="Your views" actions={<Button onClick={onClose}>Close</Button>}>
      <ul className={styles['views']}>
        {own.map((view) => (
          <li key={view.id}>
            <span className={styles['viewItem']}>
              {view.name}
              {view.shared && <span className="muted"> shared: others lose it too</span>}
            </span>
            <IconButton small label={`Delete the view ${view.name}`} onClick={() => remove.mutate(view.id)}>
              <Trash2 size={14} />
            </IconButton>
          </li>
        ))}
        {own.length === 0 && <li className="muted">There is none.</li>}
      </ul>
      {remove.error && <ApiErrorState what="The view could not be deleted" error={remove.error} />}
    </Dialog>
  );
}
