import { getRouteApi, useRouter } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { ApiError } from '../../api/api-error.ts';
import { session } from '../../api/session.ts';
import { useSession } from '../../api/use-session.ts';
import { backTo } from '../../app/back-to.ts';
import { ApiErrorState } from '../../parts/api-error.tsx';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/text-field.tsx';
import styles from './sign-in.module.css';

const route = getRouteApi('/sign-in');

export function SignInScreen() {
  const { back } = route.useSearch();
  const router = useRouter();
  const state = useSession();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    session
      .signIn(email.trim(), password)
      .then(() => router.history.replace(router.basepath + backTo(back)))
      .catch((reason: unknown) => setError(reason instanceof ApiError ? reason : ApiError.unreachable()))
      .finally(() => setBusy(false));
  };

  return (
    <main className={styles['page']}>
      <form className={styles['card']} onSubmit={submit}>
        <h1>Sign in to Lovage</h1>
        {state.status === 'out' && state.expired && (
          <p role="status" className={styles['note']}>
            Your session has ended. Sign in and you are back where you were.
          </p>
        )}
        <TextField
          label="E-mail"
          type="email"
          name="email"
          autoComplete="username"
          autoFocus
          required
          maxLength={320}
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
        <TextField
          label="Password"
          type="password"
          name="password"
          autoComplete="current-password"
          required
          maxLength={1024}
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        {error && <ApiErrorState what="You are not signed in" error={error} />}
        <Button kind="primary" type="submit" busy={busy}>
          Sign in
        </Button>
        <p className={styles['note']}>
          <code>npm start</code> prints the password of the first administrator when it makes it.
        </p>
      </form>
    </main>
  );
}
