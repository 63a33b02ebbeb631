// Who is signed in. Asks the server once at start; every 401 afterwards ends the session here.
import { useQueryClient } from '@tanstack/react-query';
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { ApiError, setCsrfToken, setSignedOutHandler } from '../api/client';
import { auth } from '../api/resources';
import type { User } from '../api/types';

type State =
  | { phase: 'checking' }
  | { phase: 'unreachable' }
  | { phase: 'signedOut'; expired: boolean }
  | { phase: 'signedIn'; user: User };

interface SessionContextValue {
  state: State;
  check: () => Promise<void>;
  signIn: (username: string, password: string) => Promise<User>;
  signOut: () => Promise<void>;
  changePassword: (current: string, next: string) => Promise<void>;
}

const SessionContext = createContext<SessionContextValue | null>(null);

export function useSession(): SessionContextValue {
  const value = useContext(SessionContext);
  if (!value) throw new Error('useSession needs a SessionProvider above it');
  return value;
}

function useSessionState() {
  const client = useQueryClient();
  const [state, setState] = useState<State>({ phase: 'checking' });

  const end = useCallback(
    (expired: boolean) => {
      setCsrfToken('');
      client.clear();
      setState({ phase: 'signedOut', expired });
    },
    [client],
  );

  const check = useCallback(async () => {
    try {
      const { csrf_token, ...user } = await auth.me();
      setCsrfToken(csrf_token);
      setState({ phase: 'signedIn', user });
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) end(false);
      else setState({ phase: 'unreachable' });
    }
  }, [end]);

  return { state, setState, end, check };
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const { state, setState, end, check } = useSessionState();

  useEffect(() => {
    setSignedOutHandler(() => end(true));
    void check();
  }, [check, end]);

  const value = useMemo<SessionContextValue>(
    () => ({
      state,
      check,
      signIn: async (username, password) => {
        const answer = await auth.login(username, password);
        setCsrfToken(answer.csrf_token);
        setState({ phase: 'signedIn', user: answer.user });
        return answer.user;
      },
      signOut: async () => {
        // Also when the server has forgotten us already, this browser is signed out.
        await auth.logout().catch(() => undefined);
        end(false);
      },
      changePassword: async (current, next) => {
        await auth.changePassword(current, next);
        await check();
      },
    }),
    [state, check, end, setState],
  );
  return <SessionContext.Provider value={value}>{children}</SessionContext.Provider>;
}
