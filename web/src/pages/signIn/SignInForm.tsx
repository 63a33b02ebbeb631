import { Alert, Button, PasswordInput, Stack, TextInput, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useSession } from '../../auth/session';
import { ErrorAlert } from '../../components/ErrorAlert';

export function SignInForm({ onSignedIn }: { onSignedIn: (password: string) => void }) {
  const { t } = useTranslation();
  const { state, signIn } = useSession();
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const login = useMutation({
    mutationFn: () => {
      onSignedIn(password);
      return signIn(username, password);
    },
  });
  useDocumentTitle(`${t('signIn.title')} · Myriad 万物`);

  function submit(event: FormEvent) {
    event.preventDefault();
    login.mutate();
  }

  return (
    <form onSubmit={submit}>
      <Stack>
        <Title order={1} fz="lg">{t('signIn.title')}</Title>
        {state.phase === 'signedOut' && state.expired && !login.isError && (
          <Alert color="blue" variant="light" role="status">{t('signIn.expired')}</Alert>
        )}
        <ErrorAlert error={login.error} />
        <TextInput label={t('signIn.username')} name="username" autoComplete="username" required withAsterisk={false}
          autoFocus value={username} onChange={(event) => setUsername(event.currentTarget.value)} />
        <PasswordInput label={t('signIn.password')} name="password" autoComplete="current-password" required
          withAsterisk={false} value={password} onChange={(event) => setPassword(event.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': t('signIn.showPassword') }} />
        <Button type="submit" loading={login.isPending} fullWidth mt="xs">{t('signIn.submit')}</Button>
      </Stack>
    </form>
  );
}
