import { Box, Center, Group, Loader, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { Navigate, useLocation } from 'react-router-dom';
import { useSession } from '../../auth/session';
import { Brand } from '../../components/Brand';
import { LanguageSwitch, SchemeSwitch } from '../../shell/Preferences';
import { NewPasswordForm } from './NewPasswordForm';
import { SignInForm } from './SignInForm';
import { useTranslation } from 'react-i18next';

/** Where the visitor wanted to go; only paths of our own. */
function destination(state: unknown): string {
  const from = (state as { from?: unknown } | null)?.from;
  return typeof from === 'string' && from.startsWith('/') && !from.startsWith('//') ? from : '/';
}

export default function SignInPage() {
  const { t } = useTranslation();
  const { state } = useSession();
  const location = useLocation();
  // Just typed at sign-in, so that a forced change need not ask for it again.
  const [password, setPassword] = useState('');

  if (state.phase === 'checking') return <Center h="100dvh"><Loader size="sm" aria-label={t('common.loading')} /></Center>;
  const mustChange = state.phase === 'signedIn' && state.user.must_change_password;
  if (state.phase === 'signedIn' && !mustChange) return <Navigate to={destination(location.state)} replace />;

  return (
    <Center component="main" mih="100dvh" p="md">
      <Stack w="100%" maw={380} gap="lg">
        <Group justify="center"><Brand /></Group>
        <Box className="surface" p="xl">
          {mustChange ? <NewPasswordForm current={password} /> : <SignInForm onSignedIn={setPassword} />}
        </Box>
        <Group grow><LanguageSwitch /><SchemeSwitch /></Group>
        <Text fz="xs" c="dimmed" ta="center">{t('signIn.tagline')}</Text>
      </Stack>
    </Center>
  );
}
