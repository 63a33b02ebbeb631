// The frame around every page: navigation, preferences, the live stream of the session.
import { AppShell, Burger, Group } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Suspense, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Navigate, Outlet, useLocation } from 'react-router-dom';
import { useSession } from '../auth/session';
import { Brand } from '../components/Brand';
import { ErrorAlert } from '../components/ErrorAlert';
import { Loading } from '../components/PageState';
import { ApiError } from '../api/client';
import { LiveContext, useInstanceUpdates, useWatch } from '../live/hooks';
import { LiveStore } from '../live/store';
import { Sidebar } from './Sidebar';

const unreachable = new ApiError({ type: 'about:blank', title: '', status: 0, detail: '' });

export default function Shell() {
  const { state, check } = useSession();
  const location = useLocation();
  if (state.phase === 'checking') return <Loading />;
  if (state.phase === 'unreachable') return <ErrorAlert error={unreachable} onRetry={() => void check()} />;
  if (state.phase === 'signedOut' || state.user.must_change_password) {
    const from = location.pathname + location.search;
    return <Navigate to="/sign-in" replace state={{ from }} />;
  }
  return <SignedIn />;
}

function SignedIn() {
  const [store] = useState(() => new LiveStore());
  useEffect(() => () => store.close(), [store]);
  return (
    <LiveContext.Provider value={store}>
      <Frame />
    </LiveContext.Provider>
  );
}

function Frame() {
  const { t } = useTranslation();
  const [opened, { toggle, close }] = useDisclosure();
  const main = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  useInstanceUpdates();
  useWatch([]); // The stream also brings events and instance states, which every page shows.
  // As a page load would: close the menu, put keyboard and screen reader at the page's start.
  useEffect(() => {
    close();
    main.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [pathname, close]);

  return (
    <AppShell
      header={{ height: { base: 54, sm: 0 } }} padding={{ base: 'md', sm: 'xl' }}
      navbar={{ width: 232, breakpoint: 'sm', collapsed: { mobile: !opened } }}
    >
      <a className="skip-link" href="#main">{t('shell.skip')}</a>
      <AppShell.Header hiddenFrom="sm" px="md" style={{ background: 'var(--surface)' }}>
        <Group h="100%" gap="sm">
          <Burger opened={opened} onClick={toggle} size="sm" aria-label={t('shell.menu')} aria-expanded={opened} />
          <Brand />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" style={{ background: 'var(--surface)' }} aria-label={t('shell.navigation')}>
        <Sidebar />
      </AppShell.Navbar>
      <AppShell.Main id="main" ref={main} tabIndex={-1}>
        <div style={{ maxWidth: 1180, margin: '0 auto' }}>
          <Suspense fallback={<Loading />}><Outlet /></Suspense>
        </div>
      </AppShell.Main>
    </AppShell>
  );
}
