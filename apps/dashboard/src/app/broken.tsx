import { Link, type ErrorComponentProps } from '@tanstack/react-router';
import { Button } from '../ui/button.tsx';
import { EmptyState, ErrorState } from '../ui/feedback.tsx';
import { Page } from '../ui/page.tsx';

/** A screen that threw: the frame stays, and the others work. */
export function ScreenBroken({ error, reset }: ErrorComponentProps) {
  const message = error instanceof Error ? error.message : String(error);
  // After a release the files that this page names are gone: the new page names others.
  const stale = /dynamically imported module|Importing a module/i.test(message);
  return (
    <Page title={stale ? 'There is a newer dashboard' : 'This screen broke'}>
      {stale ? (
        <EmptyState
          title="Lovage was updated since this page was opened"
          action={
            <Button kind="primary" onClick={() => location.reload()}>
              Reload the page
            </Button>
          }
        />
      ) : (
        <ErrorState title="The screen could not be shown" detail={message} onRetry={reset} />
      )}
    </Page>
  );
}

export function NotFound() {
  return (
    <Page title="There is no such page">
      <EmptyState title="The address leads nowhere" action={<Link to="/overview">Go to the overview</Link>}>
        It may be mistyped, or from another release.
      </EmptyState>
    </Page>
  );
}
