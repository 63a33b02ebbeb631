// Live values for React: one server-sent-event stream for everything on screen.
//
// Components say which points they want with `watch`, which counts references; the store keeps one
// EventSource over the union and reopens it when the union changes. Readings collect between flushes,
// so that components are told at most five times a second however fast the equipment is.
// Lives as long as the session; `close` ends the stream and all timers.
import type { Instance, Reading, ThingEvent } from '../api/types';

export const FLUSH_MS = 200;
const REOPEN_MS = 50;
const RETRY_MS = 3000;
const EVENTS_KEPT = 100;

export type LiveStatus = 'idle' | 'connecting' | 'open' | 'lost';
type SourceFactory = (url: string) => EventSource;
type Listener = () => void;
type BatchListener = (readings: readonly Reading[]) => void;

export class LiveStore {
  private readonly latest = new Map<string, Reading>();
  private readonly wanted = new Map<string, number>();
  private readonly pointListeners = new Map<string, Set<Listener>>();
  private readonly batchListeners = new Set<BatchListener>();
  private readonly statusListeners = new Set<Listener>();
  private readonly eventListeners = new Set<Listener>();
  private readonly instanceListeners = new Set<(instance: Partial<Instance>) => void>();
  private pending: Reading[] = [];
  private events: readonly ThingEvent[] = [];
  private source: EventSource | undefined;
  private url = '';
  private currentStatus: LiveStatus = 'idle';
  private flushTimer: ReturnType<typeof setTimeout> | undefined;
  private reopenTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly createSource: SourceFactory = (url) => new EventSource(url)) {}

  /** Asks for point patterns such as `meter/*`; call the result to give them back. */
  watch(patterns: readonly string[]): () => void {
    for (const pattern of patterns) this.wanted.set(pattern, (this.wanted.get(pattern) ?? 0) + 1);
    this.scheduleReopen(REOPEN_MS);
    return () => {
      for (const pattern of patterns) this.release(pattern);
      this.scheduleReopen(REOPEN_MS);
    };
  }

  get(point: string): Reading | undefined {
    return this.latest.get(point);
  }

  getStatus = (): LiveStatus => this.currentStatus;
  /** Newest first; the same array until another event arrives. */
  getEvents = (): readonly ThingEvent[] => this.events;

  onPoint(point: string, listener: Listener): () => void {
    const listeners = this.pointListeners.get(point) ?? new Set();
    this.pointListeners.set(point, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.pointListeners.delete(point);
    };
  }

  /** Every reading of each flush, in order: what a chart appends. */
  onBatch(listener: BatchListener): () => void {
    this.batchListeners.add(listener);
    return () => this.batchListeners.delete(listener);
  }

  onStatus = (listener: Listener) => subscribe(this.statusListeners, listener);
  onEvents = (listener: Listener) => subscribe(this.eventListeners, listener);
  onInstance = (listener: (instance: Partial<Instance>) => void) => subscribe(this.instanceListeners, listener);

  close() {
    clearTimeout(this.flushTimer);
    clearTimeout(this.reopenTimer);
    this.flushTimer = undefined;
    this.source?.close();
    this.source = undefined;
    this.url = '';
    this.setStatus('idle');
  }

  private release(pattern: string) {
    const left = (this.wanted.get(pattern) ?? 1) - 1;
    if (left > 0) this.wanted.set(pattern, left);
    else this.wanted.delete(pattern);
  }

  // Moving between pages gives back and asks for patterns in one go; waiting a little makes it one stream.
  private scheduleReopen(delay: number) {
    clearTimeout(this.reopenTimer);
    this.reopenTimer = setTimeout(() => this.reopen(), delay);
  }

  private reopen() {
    const url = streamUrl([...this.wanted.keys()].sort());
    if (url === this.url && this.source) return;
    this.source?.close();
    this.url = url;
    this.setStatus('connecting');
    this.source = this.createSource(url);
    this.listenTo(this.source);
  }

  private listenTo(source: EventSource) {
    source.onopen = () => this.setStatus('open');
    source.onerror = () => this.lost(source);
    source.addEventListener('readings', (message) => this.collect(parse<{ readings: Reading[] }>(message)?.readings));
    source.addEventListener('thing_event', (message) => this.addEvent(parse<ThingEvent>(message)));
    source.addEventListener('instance', (message) => {
      const instance = parse<Partial<Instance>>(message);
      if (instance) this.instanceListeners.forEach((listener) => listener(instance));
    });
  }

  // The browser reconnects by itself unless the server refused (CLOSED); then only we can try again.
  private lost(source: EventSource) {
    if (source !== this.source) return;
    this.setStatus('lost');
    if (source.readyState !== 2) return;
    this.source = undefined;
    this.scheduleReopen(RETRY_MS);
  }

  private collect(readings: Reading[] | undefined) {
    if (!readings) return;
    for (const reading of readings) this.pending.push(reading);
    this.flushTimer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  private flush() {
    this.flushTimer = undefined;
    const batch = this.pending;
    this.pending = [];
    for (const reading of batch) this.latest.set(reading.point, reading);
    for (const point of new Set(batch.map((reading) => reading.point))) {
      this.pointListeners.get(point)?.forEach((listener) => listener());
    }
    this.batchListeners.forEach((listener) => listener(batch));
  }

  private addEvent(event: ThingEvent | undefined) {
    if (!event) return;
    this.events = [event, ...this.events].slice(0, EVENTS_KEPT);
    this.eventListeners.forEach((listener) => listener());
  }

  private setStatus(status: LiveStatus) {
    if (status === this.currentStatus) return;
    this.currentStatus = status;
    this.statusListeners.forEach((listener) => listener());
  }
}

function subscribe<L>(listeners: Set<L>, listener: L): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function streamUrl(patterns: readonly string[]): string {
  const points = patterns.length > 0 ? `points=${patterns.map(encodeURIComponent).join(',')}&` : '';
  return `/api/v1/stream?${points}events=true&instances=true`;
}

function parse<T>(message: Event): T | undefined {
  try {
    return JSON.parse((message as MessageEvent<string>).data) as T;
  } catch {
    return undefined; // One broken message must not end the stream.
  }
}
