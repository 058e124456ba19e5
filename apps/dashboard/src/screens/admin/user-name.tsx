import { useUsers } from '../../api/queries/lists.ts';

/** Names of users by their ids; an id of a user who is gone stays an id. */
export function useUserNames(): (id: string | null) => string {
  const users = useUsers();
  const names = new Map(users.data?.items.map(({ id, email }) => [id, email]));
  return (id) => (id === null ? 'nobody known' : (names.get(id) ?? id));
}

/** All users, for a list to choose from. `all`: what nobody chosen means. */
export function useUserOptions(all: string): { readonly value: string; readonly label: string }[] {
  const users = useUsers();
  return [
    { value: '', label: all },
    ...(users.data?.items ?? []).map(({ id, email }) => ({ value: id, label: email })),
  ];
}
