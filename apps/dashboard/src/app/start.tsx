import { useCallback, useEffect, useState, type ReactNode } from 'react';
import { ApiError } from '../api/api-error.ts';
import { session } from '../api/session.ts';
import { useSession } from '../api/use-session.ts';
import { ApiErrorState } from '../parts/api-error.tsx';
import { Skeleton } from '../ui/feedback.tsx';
import { Page } from '../ui/page.tsx';

/** Takes up the session of an earlier page before anything is shown. */
export function Start({ children }: { children: ReactNode }) {
  const { status } = useSession();
  const [error, setError] = useState<ApiError>();
  const resume = useCallback(() => {
    session.resume().catch((reason: unknown) => setError(reason instanceof ApiError ? reason : ApiError.unreachable()));
  }, []);
  useEffect(resume, [resume]);
  if (status !== 'unknown') return children;
  if (error)
    return (
      <Page title="Lovage">
        <ApiErrorState
          what="The session could not be taken up"
          error={error}
          onRetry={() => {
            setError(undefined);
            resume();
          }}
        />
      </Page>
    );
  return <Skeleton />;
}
