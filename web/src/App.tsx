// Providers and routes. Pages load when they are first visited.
import { Input, MantineProvider, Tooltip, type MantineProviderProps } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createBrowserRouter, RouterProvider } from 'react-router-dom';
import { ApiError } from './api/client';
import { SessionProvider } from './auth/session';
import { Loading } from './components/PageState';
import { PageCrash } from './shell/PageCrash';
import { theme } from './theme';

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1000,
      // Only what may heal by itself is asked again: no answer, or a server in trouble.
      retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
});

const page = (load: () => Promise<{ default: () => JSX.Element }>) => async () => ({ Component: (await load()).default });

const router = createBrowserRouter([
  { path: '/sign-in', lazy: page(() => import('./pages/signIn/SignInPage')), ErrorBoundary: PageCrash },
  {
    lazy: page(() => import('./shell/Shell')),
    ErrorBoundary: PageCrash,
    HydrateFallback: Loading,
    children: [
      {
        ErrorBoundary: PageCrash,
        children: [
          { path: '/', lazy: page(() => import('./pages/overview/OverviewPage')) },
          { path: '/things', lazy: page(() => import('./pages/things/ThingsPage')) },
          { path: '/things/:name', lazy: page(() => import('./pages/thing/ThingPage')) },
          { path: '/plugins', lazy: page(() => import('./pages/plugins/PluginsPage')) },
          { path: '/instances', lazy: page(() => import('./pages/instances/InstancesPage')) },
          { path: '/instances/new', lazy: page(() => import('./pages/instanceForm/AddInstancePage')) },
          { path: '/instances/:id', lazy: page(() => import('./pages/instance/InstancePage')) },
          { path: '/instances/:id/edit', lazy: page(() => import('./pages/instanceForm/EditInstancePage')) },
          { path: '*', lazy: page(() => import('./pages/notFound/NotFoundPage')) },
        ],
      },
    ],
  },
]);

const components: NonNullable<MantineProviderProps['theme']>['components'] = {
  // Explanations below their inputs, so that the inputs of a row stand in line.
  InputWrapper: Input.Wrapper.extend({ defaultProps: { inputWrapperOrder: ['label', 'input', 'description', 'error'] } }),
  Tooltip: Tooltip.extend({ defaultProps: { withArrow: true, openDelay: 150, events: { hover: true, focus: true, touch: true } } }),
};

export function App() {
  return (
    <MantineProvider theme={{ ...theme, components }} defaultColorScheme="auto">
      <Notifications position="bottom-right" />
      <QueryClientProvider client={client}>
        <SessionProvider>
          <RouterProvider router={router} />
        </SessionProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}
