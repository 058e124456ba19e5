import { Link } from '@tanstack/react-router';

/** The id of another task, leading to it. */
export function TaskLink({ id }: { id: string }) {
  return (
    <Link to="/tasks/$id" params={{ id }} className="mono">
      {id}
    </Link>
  );
}
