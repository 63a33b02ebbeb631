// React's door to the live store.
import { useQueryClient } from '@tanstack/react-query';
import { createContext, useCallback, useContext, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { keys } from '../api/queries';
import type { Instance, Page, Reading } from '../api/types';
import { rateBetween, type Sample } from './rate';
import { LiveStore } from './store';

export const LiveContext = createContext<LiveStore | null>(null);

export function useLiveStore(): LiveStore {
  const store = useContext(LiveContext);
  if (!store) throw new Error('useLiveStore needs a LiveContext above it');
  return store;
}

/** Keeps the given patterns on the stream while the component is mounted. */
export function useWatch(patterns: readonly string[]) {
  const store = useLiveStore();
  const key = patterns.join(',');
  useEffect(() => store.watch(key ? key.split(',') : []), [store, key]);
}

export function useReading(point: string): Reading | undefined {
  const store = useLiveStore();
  const listen = useCallback((listener: () => void) => store.onPoint(point, listener), [store, point]);
  return useSyncExternalStore(listen, () => store.get(point));
}

export function useLiveStatus() {
  const store = useLiveStore();
  return useSyncExternalStore(store.onStatus, store.getStatus);
}

export function useLiveEvents() {
  const store = useLiveStore();
  return useSyncExternalStore(store.onEvents, store.getEvents);
}

/** The time now, renewed every second, for "3 seconds ago". */
export function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** Writes state changes from the stream into the cached lists, ahead of the next refresh. */
export function useInstanceUpdates() {
  const store = useLiveStore();
  const client = useQueryClient();
  useEffect(
    () =>
      store.onInstance((change) => {
        client.setQueryData<Page<Instance>>(keys.instances, (page) =>
          page && { ...page, items: page.items.map((item) => (item.id === change.id ? { ...item, ...change } : item)) },
        );
        void client.invalidateQueries({ queryKey: keys.instances });
      }),
    [store, client],
  );
}

/** Readings per second of each instance, between one refresh of the list and the next. */
export function useReadingRates(items: readonly Instance[] | undefined, fetchedAt: number): Map<string, number> {
  const samples = useRef(new Map<string, Sample>());
  const [rates, setRates] = useState(new Map<string, number>());
  useEffect(() => {
    const next = new Map<string, number>();
    for (const { id, stats } of items ?? []) {
      const sample = { count: stats.readings, at: fetchedAt };
      const before = samples.current.get(id);
      const rate = rateBetween(before, sample);
      if (rate !== undefined) next.set(id, rate);
      if (!before || rate !== undefined) samples.current.set(id, sample);
    }
    if (next.size > 0) setRates(next);
  }, [items, fetchedAt]);
  return rates;
}
