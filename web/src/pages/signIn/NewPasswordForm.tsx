import { Button, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useSession } from '../../auth/session';
import { ErrorAlert } from '../../components/ErrorAlert';

const MIN_LENGTH = 10;

/** `current` is asked for when it is not known, as after a reload. */
export function NewPasswordForm({ current }: { current: string }) {
  const { t } = useTranslation();
  const { changePassword, signOut } = useSession();
  const [old, setOld] = useState(current);
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const [tried, setTried] = useState(false);
  const change = useMutation({ mutationFn: () => changePassword(old, next) });
  const shortError = next.length < MIN_LENGTH && t('signIn.tooShort', { count: MIN_LENGTH });
  const differError = next !== again && t('signIn.differ');

  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (!shortError && !differError) change.mutate();
  }

  const toggle = { 'aria-label': t('signIn.showPassword') };
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <Title order={1} fz="lg">{t('signIn.newTitle')}</Title>
        <Text fz="sm" c="dimmed">{t('signIn.newText')}</Text>
        <ErrorAlert error={change.error} />
        {(!current || change.isError) && (
          <PasswordInput label={t('signIn.current')} autoComplete="current-password" value={old}
            onChange={(event) => setOld(event.currentTarget.value)} visibilityToggleButtonProps={toggle} />
        )}
        <PasswordInput label={t('signIn.new')} description={t('signIn.newHint', { count: MIN_LENGTH })} autoFocus
          autoComplete="new-password" value={next} onChange={(event) => setNext(event.currentTarget.value)}
          error={tried && shortError} visibilityToggleButtonProps={toggle} />
        <PasswordInput label={t('signIn.again')} autoComplete="new-password" value={again}
          onChange={(event) => setAgain(event.currentTarget.value)} error={tried && differError}
          visibilityToggleButtonProps={toggle} />
        <Button type="submit" loading={change.isPending}>{t('signIn.change')}</Button>
        <Button variant="subtle" color="gray" onClick={() => void signOut()}>{t('shell.signOut')}</Button>
      </Stack>
    </form>
  );
}
