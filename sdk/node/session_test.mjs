// A session, with the daemon's side played by the test.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeClock } from './plugin_host.mjs';
import { Assembler, Reader, Status, Type, Writer, decodeBatch, encodeBatch, packets } from './protocol.mjs';
import { Session } from './session.mjs';

// Plays the daemon: answers what the plugin asks by `answers`, keeps what it says.
class Daemon {
  said = [];  // on `side`
  answers = { [Type.intern]: () => new Writer().u32(41).finish() };
  #id = 0n;
  #calls = new Assembler();
  #side = new Assembler();
  #answer;

  constructor(Plugin) {
    this.session = new Session({ call: (packet) => this.#call(packet), side: (packet) => this.#hear(packet) }, Plugin);
  }
  #call(packet) {
    this.#answer = this.#calls.take(packet) ?? this.#answer;
  }
  async #hear(packet) {
    await new Promise((soon) => setImmediate(soon));  // as a socket
    const message = this.#side.take(packet);
    if (!message) return;
    this.said.push(message);
    if (message.type < Type.publish_durable) return;
    const answer = this.answers[message.type]?.() ?? new Uint8Array();
    const type = message.type === Type.publish_durable ? Type.durable : Type.answer;
    if (answer instanceof Uint8Array) this.tell(type, answer, 0, message.id);
    else this.tell(type, new TextEncoder().encode(answer.message), answer.status, message.id);
  }
  tell(type, payload = new Uint8Array(), status = 0, id = 0n) {
    for (const packet of packets(type, id, status, payload)) this.session.takeSide(packet);
  }
  // {status, message, more}; `more` is a Reader.
  async call(type, payload = new Uint8Array()) {
    const id = ++this.#id;
    for (const packet of packets(type, id, 0, payload)) await this.session.takeCall(packet);
    assert.equal(this.#answer.id, id);
    assert.equal(this.#answer.type, type);
    const more = new Reader(this.#answer.payload);
    return { status: this.#answer.status, message: more.text(), more };
  }
  create(config = {}) { return this.call(Type.create, new Writer().text(JSON.stringify(config)).finish()); }
  poll() { return this.call(Type.poll, new Writer().i64(99n).finish()); }
}

async function created(Plugin) {
  const daemon = new Daemon(Plugin);
  assert.equal((await daemon.create()).status, Status.OK);
  return daemon;
}

test('lives from create to destroy, and again', async () => {
  const lived = [];
  class Plugin {
    constructor(host, config) { lived.push(config.a); }
    async start() { lived.push('start'); }
    async poll(deadline) { lived.push(deadline); }
    async stop() { lived.push('stop'); }
  }
  const daemon = new Daemon(Plugin);
  assert.match((await daemon.poll()).message, /'create' comes before/);
  const { status, more } = await daemon.create({ a: 1 });
  assert.equal(status, Status.OK);
  assert.equal(more.text(), 'myriad.device/1');
  for (const type of [Type.start, Type.stop, Type.start]) assert.equal((await daemon.call(type)).status, Status.OK);
  await daemon.poll();
  await daemon.call(Type.destroy);
  assert.equal((await daemon.poll()).status, Status.INTERNAL);
  assert.deepEqual(lived, [1, 'start', 'stop', 'start', 99n]);
});

test('what a poll publishes leaves before its answer, also when nobody awaits it', async () => {
  const daemon = await created(class {
    constructor(host) { this.host = host; }
    async poll() { this.host.publish([{ point: await this.host.intern('t', 'p'), value: 2.5 }]); }
  });
  await daemon.poll();
  await daemon.poll();
  assert.deepEqual(daemon.said.map(({ type }) => type), [Type.intern, Type.publish, Type.publish], 'interned once');
  const [{ point, value, type, time }] = decodeBatch(daemon.said[1].payload).readings;
  assert.deepEqual([point, value, type], [41, 2.5, 'f64']);
  assert.ok(time > 1_700_000_000_000_000_000n);
});

test('an exception is an answer', async () => {
  const thrown = { poll: (host) => { throw host.failure('unavailable', 'no carrier'); }, discover: () => { throw new RangeError('a bug'); } };
  const daemon = await created(class {
    constructor(host) { this.host = host; }
    async poll() { thrown.poll(this.host); }
    async discover() { thrown.discover(); }
  });
  const polled = await daemon.poll();
  assert.deepEqual([polled.status, polled.message], [Status.UNAVAILABLE, 'no carrier']);
  const discovered = await daemon.call(Type.discover, new Writer().i64(0n).finish());
  assert.deepEqual([discovered.status, discovered.message], [Status.INTERNAL, 'a bug']);
});

test('a constructor that throws refuses the configuration', async () => {
  const daemon = new Daemon(class { constructor(host) { throw host.failure('invalid', '/port: 0 is none'); } });
  const { status, message } = await daemon.create();
  assert.deepEqual([status, message], [Status.INVALID, '/port: 0 is none']);
});

test('calls that the plugin or this host does not have are unsupported', async () => {
  const daemon = await created(class { poll() {} });
  for (const type of [Type.discover, Type.deliver, Type.serve, 50]) assert.equal((await daemon.call(type)).status, Status.UNSUPPORTED);
});

test('a write answers for each reading', async () => {
  let statuses;
  const daemon = await created(class { write() { return statuses; } });
  const batch = encodeBatch([{ point: 1, value: 1 }, { point: 2, value: 'a' }], 0n);
  statuses = ['ok', 'denied'];
  const { more } = await daemon.call(Type.write, batch);
  assert.deepEqual([more.i32(), more.i32(), more.left], [Status.OK, Status.DENIED, 0]);
  statuses = undefined;
  assert.equal((await daemon.call(Type.write, batch)).more.left, 8);
  statuses = ['ok'];
  assert.match((await daemon.call(Type.write, batch)).message, /as many statuses/);
});

test('an action gives its output ahead of the answer', async () => {
  const daemon = await created(class { async invoke(thing, action, input) { return { thing, action, input }; } });
  await daemon.call(Type.invoke, new Writer().text('t').text('go').text('[1]').finish());
  const { type, id, payload } = daemon.said.at(-1);
  assert.deepEqual([type, id], [Type.invoked, 2n]);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(payload)), { thing: 't', action: 'go', input: [1] });
});

test('reads are told their points', async () => {
  let told;
  const daemon = await created(class { read(...all) { told = all; } });
  await daemon.call(Type.read, new Writer().i64(5n).u32(2).u32(7).u32(8).finish());
  assert.deepEqual(told, [[7, 8], 5n]);
  const short = await daemon.call(Type.read, new Writer().i64(5n).u32(200).u32(7).finish());
  assert.match(short.message, /cut short/);
});

test('pings, cancels, and messages of newer daemons', async () => {
  let cancelled = 0;
  const daemon = await created(class { poll() {} cancel() { ++cancelled; } });
  daemon.tell(Type.ping, undefined, 0, 17n);
  daemon.tell(Type.cancel);
  daemon.tell(200);
  await daemon.poll();
  assert.deepEqual(daemon.said.map(({ type, id }) => [type, id]), [[Type.pong, 17n]]);
  assert.equal(cancelled, 1);
});

test('failures of the daemon reach the plugin, with their message', async () => {
  const daemon = new Daemon(class {});
  const { host } = daemon.session;
  daemon.answers[Type.put_thing] = () => ({ status: Status.INVALID, message: '/title: is none' });
  daemon.answers[Type.publish_durable] = () => ({ status: Status.AGAIN, message: '' });
  daemon.answers[Type.kv_get] = () => ({ status: Status.UNAVAILABLE, message: '' });
  await assert.rejects(host.putThing('t', {}), { status: Status.INVALID, message: '/title: is none' });
  await assert.rejects(host.publishDurable([{ point: 1, value: 1 }]), { status: Status.AGAIN });
  assert.equal(await host.stored('key'), undefined);
});

test('secrets and history are asked for', async () => {
  const daemon = new Daemon(class {});
  const { host } = daemon.session;
  daemon.answers[Type.secret_get] = () => new TextEncoder().encode('sesame');
  assert.equal(await host.secret('word'), 'sesame');
  daemon.answers[Type.history_query] = () => encodeBatch([{ point: 7, value: 1.5, time: 60n }], 0n);
  const [reading] = await host.history(7, { from: 1n, to: 99n, step: 1_000_000n, aggregate: 'max', limit: 5 });
  assert.deepEqual([reading.point, reading.value, reading.time], [7, 1.5, 60n]);
  const asked = new Reader(daemon.said.at(-1).payload);
  assert.deepEqual([asked.u32(), asked.i64(), asked.i64(), asked.i64(), asked.u32(), asked.u32(), asked.left],
    [7, 1n, 99n, 1_000_000n, 3, 5, 0]);
  await assert.rejects(host.history(7, { aggregate: 'median' }), /aggregate 'median': use mean, min/);
  daemon.answers[Type.secret_get] = () => ({ status: Status.UNAVAILABLE, message: 'it is not there' });
  await assert.rejects(host.secret('other'), { status: Status.UNAVAILABLE, message: 'it is not there' });
});

test('metrics and the connection are told when they change', async () => {
  const daemon = new Daemon(class {});
  const { host } = daemon.session;
  for (const value of [1, 1, 2]) host.metric('polls', value);
  for (const reason of ['cable', 'cable']) host.disconnected(reason);
  host.connected();
  await host.store('k', { a: 1 });
  const types = daemon.said.map(({ type }) => type);
  assert.deepEqual(types, [Type.metric, Type.metric, Type.connection, Type.connection, Type.kv_put]);
});

test('readings that nobody takes are refused, not kept without end', () => {
  const stuck = new Session({ call() {}, side: () => new Promise(() => {}) }, class {});
  const batch = [{ point: 1, value: 'x'.repeat(1 << 20) }];
  assert.throws(() => { for (let i = 0; i < 40; ++i) stuck.host.publish(batch); }, { status: Status.AGAIN });
});

test('the clock is finer than a millisecond, and follows the wall', () => {
  let wall = 5_000_000n, steady = 70n;
  const now = makeClock(() => wall, () => steady);
  assert.equal(now(), 5_000_000n);
  steady += 400n;
  assert.equal(now(), 5_000_400n);
  steady += 3_000_000n;  // the wall stands still
  assert.equal(now(), 5_999_999n);
  wall = 1_000_000n;  // and is set back
  assert.equal(now(), 1_999_999n);
});
