// What a plugin sees of Myriad: the `host` that its constructor is given. README.md describes it for its users.
import { Aggregate, LogLevel, MAX_MESSAGE, Reader, Status, Type, Writer, decodeBatch, encodeBatch, lookUp } from './protocol.mjs';

// A failure whose status tells the daemon what to do: retry later, refuse, fault the instance.
export class Failure extends Error {
  constructor(status, message) {
    super(message);
    const name = String(status).toUpperCase();
    if (!Object.hasOwn(Status, name))
      throw new TypeError(`status '${status}': use ${Object.keys(Status).join(', ').toLowerCase()}`);
    this.status = Status[name];
  }
}

// Of a status that came from the daemon.
export function failureOf(status, message) {
  const name = Object.keys(Status).find((key) => Status[key] === status) ?? 'INTERNAL';
  return new Failure(name, message || `the host answers '${name.toLowerCase()}'`);
}

// Wall clock in nanoseconds. Date.now() has milliseconds only, which two readings of a point could share.
export function makeClock(wall = () => BigInt(Date.now()) * 1_000_000n, steady = () => process.hrtime.bigint()) {
  let offset = wall() - steady();
  return () => {
    const least = wall(), most = least + 999_999n, now = offset + steady();
    const kept = now < least ? least : now > most ? most : now;
    offset += kept - now;
    return kept;
  };
}

const utf8 = new TextDecoder();
const MAX_LINE = 1024;
const MAX_UNSENT = 8 * 1024 * 1024;

// `side`: {send(type, id, payload, status) → promise of having left, unsent, ask(type, payload) → promise of the answer}.
export class PluginHost {
  #side;
  #points = new Map();
  #told = new Map();  // metrics and the connection: only changes are said
  #now = makeClock();

  constructor(side) {
    this.#side = side;
    this.log = Object.freeze(Object.fromEntries(
      Object.entries(LogLevel).map(([name, level]) => [name, (text) => this.#log(level, text)])));
  }

  failure(status, message) { return new Failure(status, message); }
  nowNs() { return this.#now(); }

  #log(level, text) {
    this.#side.send(Type.log, 0, new TextEncoder().encode(String(text).slice(0, MAX_LINE)), level);
  }

  // ---- Points and readings

  async intern(thing, property) {
    const name = `${thing}/${property}`;
    if (!this.#points.has(name)) {
      const answer = await this.#side.ask(Type.intern, new Writer().text(thing).text(property).finish());
      this.#points.set(name, new Reader(answer).u32());
    }
    return this.#points.get(name);
  }

  #batch(readings) {
    const batch = encodeBatch(readings, this.nowNs());
    if (batch.length > MAX_MESSAGE) throw new Failure('invalid', 'a batch of more than 24 MiB: publish it in parts');
    if (this.#side.unsent > MAX_UNSENT)
      throw new Failure('again', 'Myriad takes no more readings now: await publish(), and keep them meanwhile');
    return batch;
  }

  publish(readings) {
    return readings.length === 0 ? Promise.resolve() : this.#side.send(Type.publish, 0, this.#batch(readings));
  }
  publishDurable(readings) { return this.#side.askDurable(this.#batch(readings)); }

  // ---- Things, events, state

  async putThing(thing, td) {
    await this.#side.ask(Type.put_thing, new Writer().text(thing).text(JSON.stringify(td)).finish());
  }
  async emit(thing, event, data, time = this.nowNs()) {
    const text = data === undefined ? '' : JSON.stringify(data);
    await this.#side.ask(Type.emit, new Writer().text(thing).text(event).text(text).i64(time).finish());
  }
  async store(key, value) {
    const text = value === undefined ? '' : JSON.stringify(value);
    await this.#side.ask(Type.kv_put, new Writer().text(key).text(text).finish());
  }
  async stored(key) {
    try {
      const answer = await this.#side.ask(Type.kv_get, new Writer().text(key).finish());
      return JSON.parse(utf8.decode(answer));
    } catch (error) {
      if (error.status === Status.UNAVAILABLE) return undefined;  // nothing is kept under this key
      throw error;
    }
  }

  // ---- Secrets and history

  async secret(name) { return utf8.decode(await this.#side.ask(Type.secret_get, new Writer().text(name).finish())); }

  // `from`, `to` and `step` are nanoseconds; without `step` the readings themselves.
  async history(point, { from = 0n, to = 2n ** 63n - 1n, step = 0n, aggregate = 'mean', limit = 100_000 } = {}) {
    const query = new Writer().u32(point).i64(from).i64(to).i64(step).u32(lookUp(Aggregate, aggregate, 'aggregate')).u32(limit);
    return decodeBatch(await this.#side.ask(Type.history_query, query.finish())).readings;
  }

  // ---- What it counts, and whether its equipment answers

  #tell(key, value, type, payload) {
    if (this.#told.get(key) === value) return;
    this.#told.set(key, value);
    this.#side.ask(type, payload).catch((error) => {
      this.#told.delete(key);
      this.log.warn(`${key}: ${error.message}`);
    });
  }
  metric(name, value) { this.#tell(`metric ${name}`, value, Type.metric, new Writer().text(name).f64(value).finish()); }
  connected() { this.#tell('connection', 'up', Type.connection, new Writer().u8(1).text('').finish()); }
  disconnected(reason) {
    this.#tell('connection', `down ${reason}`, Type.connection, new Writer().u8(0).text(reason).finish());
  }
}
