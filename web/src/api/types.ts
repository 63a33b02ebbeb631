// The shapes of Myriad's REST API (`/api/v1`). Only this file knows them; when the daemon serves its
// OpenAPI document, `openapi-typescript` writes it and these names stay.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };
export type Scalar = boolean | number | string;

/** RFC 9457 problem details; `field` is a JSON pointer into the request body. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  field?: string;
  code?: string;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface User {
  name: string;
  role: string;
  must_change_password: boolean;
}

export interface Session extends User {
  csrf_token: string;
}

export interface LoginAnswer {
  token: string;
  expires_at: string;
  user: User;
  csrf_token: string;
}

export type Quality = 'good' | 'uncertain' | 'bad' | 'stale';

/** Latest value of one property, as `/things/{t}/properties` gives it. */
export interface PropertyValue {
  value: Scalar | null;
  time: string | null;
  quality: Quality;
  unit?: string;
  reason?: string;
}

/** One reading as the stream carries it; `point` is `<thing>/<property>`. */
export interface Reading {
  point: string;
  value: Scalar | null;
  time: string | null;
  quality: Quality;
}

export interface Form {
  href: string;
  contentType?: string;
  op?: string | string[];
}

export interface PropertyAffordance {
  type?: 'boolean' | 'integer' | 'number' | 'string' | 'object' | 'array' | 'null';
  title?: string;
  titles?: Record<string, string>;
  description?: string;
  descriptions?: Record<string, string>;
  unit?: string;
  readOnly?: boolean;
  observable?: boolean;
  minimum?: number;
  maximum?: number;
  enum?: Scalar[];
  forms?: Form[];
}

/** A W3C WoT Thing Description 1.1 with Myriad's two extra members. */
export interface Thing {
  id: string;
  name: string;
  title: string;
  titles?: Record<string, string>;
  description?: string;
  descriptions?: Record<string, string>;
  properties?: Record<string, PropertyAffordance>;
  events?: Record<string, { title?: string; titles?: Record<string, string> }>;
  'myriad:origin'?: string | string[];
}

export interface ThingEvent {
  thing?: string;
  event: string;
  time: string;
  data: Json;
}

export interface HistorySeries {
  point: string;
  unit?: string;
  values: [time: string, value: Scalar | null, quality?: Quality][];
}

export interface HistoryAnswer {
  series: HistorySeries[];
  next: string | null;
}

/** A JSON Schema node whose titles and descriptions may come in several languages. */
export type ConfigSchema = { [key: string]: unknown };

export type PluginKind = 'device' | 'protocol' | 'analytics';

export interface Plugin {
  id: string;
  version: string;
  kind: PluginKind;
  titles?: Record<string, string>;
  descriptions?: Record<string, string>;
  config_schema: ConfigSchema;
  abi?: { built: string; min: string };
  state: 'loaded' | 'refused';
  error?: string;
  instances: number;
}

export type InstanceState = 'stopped' | 'starting' | 'running' | 'degraded' | 'faulted' | 'quarantined' | 'stopping';

export interface InstanceStats {
  readings: number;
  batches: number;
  errors: number;
  polls: number;
  restarts: number;
  lag?: number;
}

/** What a sink or processor takes from the log. */
export interface Delivery {
  lag: number;
  rate_per_s: number;
  delivered: number;
  retries: number;
  dead_letters: number;
}

export interface Instance {
  id: string;
  plugin: string;
  config: JsonObject;
  enabled: boolean;
  state: InstanceState;
  since: string;
  last_error: { time: string; status: string; message: string } | null;
  connection: { up: boolean; reason: string } | null;
  things: string[];
  stats: InstanceStats;
  isolation: 'in_process' | 'process';
  plugin_version: string;
  quota: Record<'readings_per_s' | 'bytes_per_s' | 'cpu_percent' | 'memory_mb', number>;
  /** Of a process of its own, while it runs. */
  usage: { cpu_percent: number; memory_mb: number } | null;
  restarts: number;
  delivery?: Delivery | null;
  metrics?: Record<string, Json>;
}

export type InstanceDraft = Pick<Instance, 'id' | 'plugin' | 'config' | 'enabled'>;

export interface LogLine {
  time: string;
  level: string;
  text: string;
}

export interface SystemInfo {
  version: string;
  uptime_s: number;
  site: string;
  points: number;
  things: number;
}
