// One function per REST operation that the console uses.
import { get, query, request } from './client';
import type {
  HistoryAnswer, HistorySeries, Instance, InstanceDraft, JsonObject, LogLine, LoginAnswer, Page, Plugin, PropertyValue,
  Scalar, Session, SystemInfo, Thing, ThingEvent,
} from './types';

const seg = encodeURIComponent;

export const auth = {
  login: async (username: string, password: string) =>
    (await request<LoginAnswer>('POST', '/auth/login', {
      body: { username, password },
      headers: { 'X-Myriad-Console': '1' },
    })).data,
  logout: () => request<void>('POST', '/auth/logout'),
  me: () => get<Session>('/auth/me'),
  changePassword: (current: string, next: string) =>
    request<void>('POST', '/auth/password', { body: { current, new: next } }),
};

export const system = { info: () => get<SystemInfo>('/system') };

export const things = {
  list: (options: { q?: string; limit?: number; cursor?: string | null } = {}) =>
    get<Page<Thing>>(`/things${query(options)}`),
  read: (name: string) => get<Thing>(`/things/${seg(name)}`),
  properties: (name: string) => get<Record<string, PropertyValue>>(`/things/${seg(name)}/properties`),
  /** One property with the reason for its quality, which the whole map leaves out. */
  property: (name: string, property: string) =>
    get<PropertyValue>(`/things/${seg(name)}/properties/${seg(property)}`),
  write: async (name: string, property: string, value: Scalar) =>
    (await request<PropertyValue>('PUT', `/things/${seg(name)}/properties/${seg(property)}`, { body: { value } })).data,
  events: (name: string, limit: number) =>
    get<Page<ThingEvent>>(`/things/${seg(name)}/events${query({ limit })}`),
};

export const plugins = { list: () => get<Page<Plugin>>(`/plugins${query({ limit: 1000 })}`) };

export const instances = {
  list: () => get<Page<Instance>>(`/instances${query({ limit: 1000 })}`),
  /** With its ETag, which every change has to name. */
  read: (id: string) => request<Instance>('GET', `/instances/${seg(id)}`),
  create: (draft: InstanceDraft) => request<Instance>('POST', '/instances', { body: draft }),
  /** A merge patch, so that secrets which the server hides (null) stay as they are. */
  patch: (id: string, patch: JsonObject, ifMatch: string | null) =>
    request<Instance>('PATCH', `/instances/${seg(id)}`, {
      body: patch,
      ifMatch,
      headers: { 'Content-Type': 'application/merge-patch+json' },
    }),
  remove: (id: string, ifMatch: string | null) => request<void>('DELETE', `/instances/${seg(id)}`, { ifMatch }),
  command: (id: string, verb: 'start' | 'stop' | 'restart') =>
    request<Instance>('POST', `/instances/${seg(id)}/${verb}`),
  logs: (id: string, limit: number) => get<Page<LogLine>>(`/instances/${seg(id)}/logs${query({ limit })}`),
};

const HISTORY_PAGE = 20000;
const HISTORY_PAGES = 10;

function append(into: Map<string, HistorySeries>, series: HistorySeries[]) {
  for (const part of series) {
    const known = into.get(part.point);
    if (known) known.values.push(...part.values);
    else into.set(part.point, { ...part });
  }
}

/** Raw readings of some points since a time, following cursors up to 200,000 readings. */
export async function readHistory(points: string[], from: Date): Promise<HistorySeries[]> {
  const merged = new Map<string, HistorySeries>();
  let cursor: string | null = null;
  for (let page = 0; page < HISTORY_PAGES; page++) {
    const parameters = query({ point: points, from: from.toISOString(), limit: HISTORY_PAGE, cursor });
    const answer: HistoryAnswer = await get<HistoryAnswer>(`/history${parameters}`);
    append(merged, answer.series);
    cursor = answer.next;
    if (!cursor) break;
  }
  return [...merged.values()];
}
