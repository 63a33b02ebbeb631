import { Box, Divider, Group, Stack, Text, UnstyledButton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { NavLink } from 'react-router-dom';
import { useSession } from '../auth/session';
import { Brand } from '../components/Brand';
import { Icon, type IconName } from '../components/Icon';
import { useLiveStatus } from '../live/hooks';
import { LanguageSwitch, SchemeSwitch } from './Preferences';

const LINKS: { to: string; icon: IconName; key: 'overview' | 'things' | 'instances' | 'plugins' }[] = [
  { to: '/', icon: 'overview', key: 'overview' },
  { to: '/things', icon: 'things', key: 'things' },
  { to: '/instances', icon: 'instances', key: 'instances' },
  { to: '/plugins', icon: 'plugins', key: 'plugins' },
];

export function Sidebar() {
  const { t } = useTranslation();
  return (
    <Stack h="100%" justify="space-between" gap="sm">
      <Box>
        <Box px={10} pt={6} pb="lg" visibleFrom="sm"><Brand /></Box>
        <Stack gap={2}>
          {LINKS.map(({ to, icon, key }) => (
            <NavLink key={to} to={to} end={to === '/'} className="nav-link">
              <Icon name={icon} />{t(`nav.${key}`)}
            </NavLink>
          ))}
        </Stack>
      </Box>
      <Stack gap="xs">
        <LiveState />
        <LanguageSwitch />
        <SchemeSwitch />
        <Divider color="var(--line)" />
        <Account />
      </Stack>
    </Stack>
  );
}

const STATUS_COLOR = { idle: 'gray-5', connecting: 'yellow-6', open: 'jade-5', lost: 'red-6' } as const;

function LiveState() {
  const { t } = useTranslation();
  const status = useLiveStatus();
  return (
    <Group gap={8} px={10} role="status">
      <span style={{ width: 8, height: 8, borderRadius: 4, background: `var(--mantine-color-${STATUS_COLOR[status]})` }} />
      <Text fz="xs" c="dimmed">{t(`live.${status}`)}</Text>
    </Group>
  );
}

function Account() {
  const { t } = useTranslation();
  const { state, signOut } = useSession();
  if (state.phase !== 'signedIn') return null;
  return (
    <Group justify="space-between" px={10} wrap="nowrap">
      <Group gap={8} wrap="nowrap" miw={0}>
        <Icon name="user" />
        <Text fz="sm" truncate>{state.user.name}</Text>
      </Group>
      <UnstyledButton onClick={() => void signOut()} className="quiet" aria-label={t('shell.signOut')} title={t('shell.signOut')} p={6}>
        <Icon name="exit" />
      </UnstyledButton>
    </Group>
  );
}
