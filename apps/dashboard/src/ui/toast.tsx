import { Toast as Base } from '@base-ui/react/toast';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { IconButton } from './button.tsx';
import styles from './toast.module.css';

/** Says that something was done; what counts stands in the page too. */
export function useToast(): (title: string, detail?: ReactNode) => void {
  const { add } = Base.useToastManager();
  return (title, description) => void add({ title, description });
}

/** Once, around the application. */
export function ToastProvider({ children }: { children: ReactNode }) {
  return (
    <Base.Provider timeout={5_000}>
      {children}
      <Base.Portal>
        <Base.Viewport className={styles['viewport']}>
          <Toasts />
        </Base.Viewport>
      </Base.Portal>
    </Base.Provider>
  );
}

function Toasts() {
  const { toasts } = Base.useToastManager();
  return toasts.map((toast) => (
    <Base.Root key={toast.id} toast={toast} className={styles['toast']}>
      <div className={styles['text']}>
        <Base.Title className={styles['title']} />
        <Base.Description className="muted" />
      </div>
      <Base.Close
        render={
          <IconButton label="Close" small>
            <X size={14} />
          </IconButton>
        }
      />
    </Base.Root>
  ));
}
