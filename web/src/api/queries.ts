// TanStack Query hooks over the resources: what is cached under which key, and how often it is refreshed.
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { instances, plugins, system, things } from './resources';

const REFRESH_MS = 3000;

export const keys = {
  system: ['system'],
  things: ['things'],
  thing: (name: string) => ['things', name],
  plugins: ['plugins'],
  instances: ['instances'],
  instance: (id: string) => ['instances', id],
} as const;

export const useSystem = () =>
  useQuery({ queryKey: keys.system, queryFn: system.info, refetchInterval: REFRESH_MS });

export const useThings = (q: string, cursor: string | null, limit: number) =>
  useQuery({
    queryKey: [...keys.things, 'list', q, cursor, limit],
    queryFn: () => things.list({ q, cursor, limit }),
    placeholderData: keepPreviousData,
    refetchInterval: 5 * REFRESH_MS,
  });

export const useThing = (name: string) =>
  useQuery({ queryKey: keys.thing(name), queryFn: () => things.read(name) });

/** Latest values with their reasons; the stream brings faster news of the values themselves. */
export const useProperties = (name: string) =>
  useQuery({
    queryKey: [...keys.thing(name), 'properties'],
    queryFn: () => things.properties(name),
    refetchInterval: REFRESH_MS,
  });

export const useThingEvents = (name: string) =>
  useQuery({
    queryKey: [...keys.thing(name), 'events'],
    queryFn: () => things.events(name, 50),
    refetchInterval: REFRESH_MS,
  });

export const usePlugins = () => useQuery({ queryKey: keys.plugins, queryFn: plugins.list });

export const useInstances = () =>
  useQuery({ queryKey: keys.instances, queryFn: instances.list, refetchInterval: REFRESH_MS });

export const useInstance = (id: string) =>
  useQuery({
    queryKey: keys.instance(id),
    queryFn: async () => (await instances.read(id)).data,
    refetchInterval: REFRESH_MS,
  });

export const useInstanceLogs = (id: string) =>
  useQuery({
    queryKey: [...keys.instance(id), 'logs'],
    queryFn: () => instances.logs(id, 200),
    refetchInterval: REFRESH_MS,
  });

/** Says that instances, and the Things they make, are not what the cache believes. */
export function useForgetInstances() {
  const client = useQueryClient();
  return () => {
    void client.invalidateQueries({ queryKey: keys.instances });
    void client.invalidateQueries({ queryKey: keys.things });
    void client.invalidateQueries({ queryKey: keys.system });
  };
}
