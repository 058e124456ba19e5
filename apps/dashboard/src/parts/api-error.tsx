import type { ApiError } from '../api/api-error.ts';
import { ErrorState } from '../ui/feedback.tsx';

/** A request that failed. `what`: the sentence that says what it was for. */
export function ApiErrorState({ what, error, onRetry }: { what: string; error: ApiError; onRetry?: () => void }) {
  const list = error.errors.map(({ path, message }) => (path ? `${path} ${message}` : message));
  return (
    <ErrorState
      title={what}
      detail={
        <>
          {error.title}: {error.detail}
          {list.length > 0 && ` (${list.join('; ')})`}
        </>
      }
      requestId={error.requestId}
      onRetry={onRetry}
    />
  );
}
