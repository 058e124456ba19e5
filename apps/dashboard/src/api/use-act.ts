import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ApiError } from './api-error.ts';

/**
 * An act on the platform. `touches`: keys of what it changes, read anew when it is done, such as `['queues']`. The screen
 * shows `error` where the act was asked for.
 */
export function useAct<Input, Answer>(
  act: (input: Input) => Promise<Answer>,
  touches: readonly (readonly unknown[])[] = [],
) {
  const client = useQueryClient();
  return useMutation<Answer, ApiError, Input>({
    mutationFn: act,
    onSuccess: () =>
      Promise.all(touches.map((queryKey) => client.invalidateQueries({ queryKey }))).then(() => undefined),
  });
}
