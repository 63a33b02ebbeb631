// Asks before edits are lost: on links within the console, and on closing the tab.
import { useEffect } from 'react';
import { useBlocker } from 'react-router-dom';

/** Navigation state for leaving once everything is stored. */
export const SAVED = { saved: true };

const isSaved = (state: unknown) => (state as typeof SAVED | null)?.saved === true;

export function useLeaveGuard(touched: boolean) {
  const blocker = useBlocker(({ currentLocation, nextLocation }) =>
    touched && !isSaved(nextLocation.state) && currentLocation.pathname !== nextLocation.pathname);

  useEffect(() => {
    if (!touched) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [touched]);

  return {
    asking: blocker.state === 'blocked',
    leave: () => blocker.proceed?.(),
    stay: () => blocker.reset?.(),
  };
}
