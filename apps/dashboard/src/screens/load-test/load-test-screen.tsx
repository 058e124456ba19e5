import { EmptyState } from '../../ui/feedback.tsx';
import { Page } from '../../ui/page.tsx';

export function LoadTestScreen() {
  return (
    <Page title="Load test">
      <EmptyState title="No load runs">A bounded load on a contract is started here.</EmptyState>
    </Page>
  );
}
