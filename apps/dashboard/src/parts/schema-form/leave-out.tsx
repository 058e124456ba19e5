import { X } from 'lucide-react';
import { IconButton } from '../../ui/button.tsx';

/** Takes a value out of the input; what it was comes back when it is added again. */
export function LeaveOut({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <IconButton small label={`Leave out ${label.toLowerCase()}`} onClick={onClick}>
      <X size={14} />
    </IconButton>
  );
}
