import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { IconButton } from './button.tsx';

/** Copies a text; says so for a moment. */
export function CopyButton({ value, label = 'Copy' }: { value: string | (() => string); label?: string }) {
  const [state, setState] = useState<'idle' | 'done' | 'failed'>('idle');
  useEffect(() => {
    if (state === 'idle') return;
    const timer = setTimeout(() => setState('idle'), 1500);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = (): void => {
    const text = typeof value === 'string' ? value : value();
    // There is no clipboard on a page without TLS, but for localhost.
    Promise.resolve()
      .then(() => navigator.clipboard.writeText(text))
      .then(
        () => setState('done'),
        () => setState('failed'),
      );
  };
  const said = state === 'done' ? 'Copied' : state === 'failed' ? 'The browser does not let this page copy' : label;
  return (
    <IconButton small label={said} onClick={copy}>
      {state === 'done' ? <Check size={13} /> : <Copy size={13} />}
      <span role="status" className="sr-only">
        {state === 'idle' ? '' : said}
      </span>
    </IconButton>
  );
}
