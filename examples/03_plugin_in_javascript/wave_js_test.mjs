// The plugin against a host of the test's own: no daemon, no sockets.  node --test wave_js_test.mjs
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Wave from './wave_js.mjs';

// As sdk/node/README.md describes it; keeps what it is told.
function fakeHost(now = 0n) {
  const host = {
    points: [], published: [], things: {}, kept: new Map(), now,
    intern: async (thing, property) => host.points.push(`${thing}/${property}`),
    publish: async (readings) => void host.published.push(...readings),
    putThing: async (thing, td) => void (host.things[thing] = td),
    store: async (key, value) => void host.kept.set(key, value),
    stored: async (key) => host.kept.get(key),
    connected: () => {},
    nowNs: () => host.now,
    failure: (status, message) => Object.assign(new Error(message), { status }),
  };
  return host;
}

async function started(host) {
  const wave = new Wave(host, { thing: 'pier', period_s: 4, limit: 100 });
  await wave.start();
  return wave;
}

test('describes its Thing', async () => {
  const host = fakeHost();
  await started(host);
  assert.deepEqual(host.points, ['pier/level', 'pier/amplitude']);
  assert.deepEqual(Object.keys(host.things.pier.properties), ['level', 'amplitude']);
});

test('follows the sine', async () => {
  const host = fakeHost(), wave = await started(host);
  for (const [quarter, level] of [[0n, 0], [1n, 1], [2n, 0], [3n, -1]]) {
    host.now = quarter * 1_000_000_000n;
    await wave.poll();
    const last = host.published.at(-1);
    assert.equal(last.point, 1);
    assert.ok(Math.abs(last.value - level) < 1e-9, `${last.value} at ${quarter} s`);
  }
});

test('takes an amplitude, keeps it, and tells it', async () => {
  const host = fakeHost(), wave = await started(host);
  assert.deepEqual(await wave.write([{ point: 2, value: 7 }]), ['ok']);
  assert.equal(host.published.at(-1).value, 7);
  const again = await started(host);
  await again.read([2]);
  assert.equal(host.published.at(-1).value, 7);
});

test('refuses what it cannot take', async () => {
  const wave = await started(fakeHost());
  const cases = [{ point: 2, value: 101 }, { point: 2, value: 'high' }, { point: 1, value: 1 }];
  assert.deepEqual(await wave.write(cases), ['invalid', 'invalid', 'unsupported']);
});

test('resets by an action', async () => {
  const wave = await started(fakeHost());
  await wave.write([{ point: 2, value: 7 }]);
  assert.equal(await wave.invoke('pier', 'reset'), 7);
  await assert.rejects(wave.invoke('pier', 'dance'), /dance.*reset/);
});
