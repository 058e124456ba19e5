import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useMay } from '../../api/use-session.ts';
import { EmptyState } from '../../ui/feedback.tsx';
import { Page } from '../../ui/page.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { AuditTab } from './audit-tab.tsx';
import { FilesTab } from './files-tab.tsx';
import { KeysTab } from './keys-tab.tsx';
import type { AdminSearch, AdminTab } from './search.ts';
import { SessionsTab } from './sessions-tab.tsx';
import { UsersTab } from './users-tab.tsx';

const route = getRouteApi('/frame/admin');

export function AdminScreen() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const { tab = 'users' } = search;
  const open = (next: AdminSearch): void => void navigate({ to: '/admin', search: next, replace: true });
  if (!useMay('admin'))
    return (
      <Page title="Admin">
        <EmptyState title="This is for administrators">Ask one of them to change your role.</EmptyState>
      </Page>
    );
  return (
    <Page title="Admin">
      <Tabs<AdminTab>
        label="Parts of the administration"
        value={tab}
        onChange={(next) => open(next === 'users' ? {} : { tab: next })}
        tabs={[
          { value: 'users', label: 'Users' },
          { value: 'keys', label: 'API keys' },
          { value: 'sessions', label: 'Sessions' },
          { value: 'audit', label: 'Audit log' },
          { value: 'files', label: 'Files' },
        ]}
      >
        {tab === 'users' && <UsersTab />}
        {tab === 'keys' && <KeysTab />}
        {tab === 'sessions' && <SessionsTab user={search.user} onUser={(user) => open({ tab, user })} />}
        {tab === 'audit' && (
          <AuditTab
            action={search.action}
            user={search.user}
            day={search.day}
            onSearch={({ action, user, day }) =>
              open({ tab, ...(action && { action }), ...(user && { user }), ...(day && { day }) })
            }
          />
        )}
        {tab === 'files' && <FilesTab />}
      </Tabs>
    </Page>
  );
}
