import { Pencil, Undo2 } from 'lucide-react';
import { useState } from 'react';
import type { LimitDocument } from '@lovage/http-api';
import { useMay } from '../../api/use-session.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { LimitDialog, RemoveLimitDialog } from './limit-dialog.tsx';

/** What an operator can do to the limits of a contract. `row`: as icons. */
export function LimitActs({ limit, row }: { limit: LimitDocument; row?: boolean }) {
  const may = useMay('operator');
  const [act, setAct] = useState<'change' | 'remove'>();
  if (!may) return null;
  const change = 'Change the limits';
  const remove = 'Remove what is set';
  return (
    <>
      {row ? (
        <>
          {limit.override && (
            <IconButton small label={`${remove} for ${limit.contract}`} onClick={() => setAct('remove')}>
              <Undo2 size={14} />
            </IconButton>
          )}
          <IconButton small label={`${change} of ${limit.contract}`} onClick={() => setAct('change')}>
            <Pencil size={14} />
          </IconButton>
        </>
      ) : (
        <>
          <Button icon={<Pencil size={14} />} onClick={() => setAct('change')}>
            {change}
          </Button>
          {limit.override && (
            <Button icon={<Undo2 size={14} />} onClick={() => setAct('remove')}>
              {remove}
            </Button>
          )}
        </>
      )}
      {act === 'change' && <LimitDialog limit={limit} onClose={() => setAct(undefined)} />}
      {act === 'remove' && <RemoveLimitDialog limit={limit} onClose={() => setAct(undefined)} />}
    </>
  );
}
