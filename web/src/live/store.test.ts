import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FLUSH_MS, LiveStore, streamUrl } from './store';

class FakeSource extends EventTarget {
  static all: FakeSource[] = [];
  readyState = 1;
  closed = false;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;

  constructor(readonly url: string) {
    super();
    FakeSource.all.push(this);
  }

  close() {
    this.closed = true;
  }

  say(type: string, data: unknown) {
    this.dispatchEvent(new MessageEvent(type, { data: typeof data === 'string' ? data : JSON.stringify(data) }));
  }
}

const reading = (point: string, value: number) => ({ point, value, time: '2026-01-01T00:00:00Z', quality: 'good' });
const last = () => FakeSource.all[FakeSource.all.length - 1]!;

describe('LiveStore', () => {
  let store: LiveStore;

  beforeEach(() => {
    vi.useFakeTimers();
    FakeSource.all = [];
    store = new LiveStore((url) => new FakeSource(url) as unknown as EventSource);
  });
  afterEach(() => {
    store.close();
    vi.useRealTimers();
  });

  function open(...patterns: string[]) {
    const release = store.watch(patterns);
    vi.advanceTimersByTime(100);
    return release;
  }

  it('tells a component once per flush, however many readings came', () => {
    open('m/*');
    const listener = vi.fn();
    store.onPoint('m/v', listener);
    for (let value = 0; value < 1000; value++) last().say('readings', { readings: [reading('m/v', value)] });
    expect(listener).not.toHaveBeenCalled();
    vi.advanceTimersByTime(FLUSH_MS);
    expect(listener).toHaveBeenCalledTimes(1);
    expect(store.get('m/v')?.value).toBe(999);
  });

  it('updates at most five times a second', () => {
    open('m/*');
    const listener = vi.fn();
    store.onPoint('m/v', listener);
    for (let ms = 0; ms < 1000; ms += 10) {
      last().say('readings', { readings: [reading('m/v', ms)] });
      vi.advanceTimersByTime(10);
    }
    expect(listener.mock.calls.length).toBeLessThanOrEqual(5);
  });

  it('leaves other points in peace and gives charts every reading', () => {
    open('m/*');
    const other = vi.fn();
    const batches: number[] = [];
    store.onPoint('m/w', other);
    store.onBatch((readings) => batches.push(readings.length));
    last().say('readings', { readings: [reading('m/v', 1), reading('m/v', 2)] });
    vi.advanceTimersByTime(FLUSH_MS);
    expect(other).not.toHaveBeenCalled();
    expect(batches).toEqual([2]);
  });

  it('keeps one stream for everything watched, reopened when that changes', () => {
    const first = store.watch(['a/*']);
    store.watch(['b/*']);
    vi.advanceTimersByTime(100);
    expect(FakeSource.all.map(({ url }) => url)).toEqual([streamUrl(['a/*', 'b/*'])]);
    first();
    vi.advanceTimersByTime(100);
    expect(FakeSource.all[0]?.closed).toBe(true);
    expect(last().url).toBe(streamUrl(['b/*']));
  });

  it('does not reopen when the same patterns are asked for twice', () => {
    open('a/*');
    const second = open('a/*');
    second();
    vi.advanceTimersByTime(100);
    expect(FakeSource.all).toHaveLength(1);
  });

  it('tries again after the server refused', () => {
    open('a/*');
    last().readyState = 2;
    last().onerror?.();
    expect(store.getStatus()).toBe('lost');
    vi.advanceTimersByTime(5000);
    expect(FakeSource.all).toHaveLength(2);
  });

  it('outlives a broken message', () => {
    open('a/*');
    last().say('readings', '{');
    last().say('readings', { readings: [reading('a/x', 1)] });
    vi.advanceTimersByTime(FLUSH_MS);
    expect(store.get('a/x')?.value).toBe(1);
  });

  it('keeps the newest events and passes on instance states', () => {
    open('a/*');
    const states: unknown[] = [];
    store.onInstance((instance) => states.push(instance.state));
    for (let n = 0; n < 150; n++) last().say('thing_event', { thing: 'a', event: `e${n}`, time: '', data: null });
    last().say('instance', { id: 'i', state: 'faulted' });
    expect(store.getEvents()).toHaveLength(100);
    expect(store.getEvents()[0]?.event).toBe('e149');
    expect(states).toEqual(['faulted']);
  });
});
