// The words of the runner protocol, docs/specs/runner-protocol.md: packets, payloads, batches. Pure: no I/O, no state
// but an Assembler's. What comes in is never believed: a size that does not fit throws ProtocolError.

export const PROTOCOL = 1;
export const MAX_PACKET = 64 * 1024;
export const MAX_MESSAGE = 24 * 1024 * 1024;
export const DEVICE = 'myriad.device/1';

const names = (first, ...list) => list.map((name, i) => [name, first + i]);
export const Type = Object.freeze(Object.fromEntries([
  ...names(1, 'setup', 'create', 'start', 'stop', 'destroy', 'discover', 'poll', 'read', 'write', 'invoke', 'deliver',
    'process', 'save', 'load', 'serve', 'fire'),
  ...names(64, 'publish', 'refused', 'log', 'pong', 'invoked', 'publish_durable', 'metric', 'connection', 'intern',
    'put_thing', 'emit', 'select', 'name', 'unit', 'kv_put', 'kv_get', 'timer_set', 'timer_cancel', 'secret_get',
    'history_query'),
  ...names(128, 'answer', 'durable', 'cancel', 'ping'),
]));
export const typeName = (type) => Object.keys(Type).find((name) => Type[name] === type) ?? `${type}`;

// As in myriad/plugin.h.
export const Status = Object.freeze({
  OK: 0, INVALID: -1, UNSUPPORTED: -2, UNAVAILABLE: -3, TIMEOUT: -4, CANCELLED: -5, AGAIN: -6, DENIED: -7, INTERNAL: -8,
});
export const LogLevel = Object.freeze({ debug: 1, info: 2, warn: 3, error: 4 });
export const ValueType = Object.freeze({ bool: 1, i64: 2, u64: 3, f64: 4, text: 5, bytes: 6, json: 7 });
export const Quality = Object.freeze({ good: 0, uncertain: 1, bad: 2, stale: 3 });
export const Aggregate = Object.freeze({ mean: 1, min: 2, max: 3, sum: 4, count: 5, first: 6, last: 7 });

const nameIn = (table, number) => Object.keys(table).find((name) => table[name] === number);

export class ProtocolError extends Error {}

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder('utf-8', { ignoreBOM: true });

// ---- Payloads

export class Writer {
  #parts = [];
  #size = 0;

  get size() { return this.#size; }
  bytes(part) {
    this.#parts.push(part);
    this.#size += part.length;
    return this;
  }
  #number(size, write) {
    const part = new Uint8Array(size);
    write(new DataView(part.buffer));
    return this.bytes(part);
  }
  u8(v) { return this.#number(1, (d) => d.setUint8(0, v)); }
  u32(v) { return this.#number(4, (d) => d.setUint32(0, v, true)); }
  i32(v) { return this.#number(4, (d) => d.setInt32(0, v, true)); }
  i64(v) { return this.#number(8, (d) => d.setBigInt64(0, BigInt(v), true)); }
  u64(v) { return this.#number(8, (d) => d.setBigUint64(0, BigInt(v), true)); }
  f64(v) { return this.#number(8, (d) => d.setFloat64(0, v, true)); }
  // Text, or bytes that go the same way.
  text(v) {
    const bytes = typeof v === 'string' ? utf8.encode(v) : v;
    return this.u32(bytes.length).bytes(bytes);
  }
  finish() {
    const out = new Uint8Array(this.#size);
    let at = 0;
    for (const part of this.#parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }
}

export class Reader {
  #bytes;
  #view;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  get left() { return this.#bytes.length - this.#at; }
  #take(size) {
    if (size > this.left) throw new ProtocolError(`cut short: ${size} bytes are told, ${this.left} are there`);
    const from = this.#at;
    this.#at += size;
    return from;
  }
  u8() { return this.#view.getUint8(this.#take(1)); }
  u16() { return this.#view.getUint16(this.#take(2), true); }
  u32() { return this.#view.getUint32(this.#take(4), true); }
  i32() { return this.#view.getInt32(this.#take(4), true); }
  i64() { return this.#view.getBigInt64(this.#take(8), true); }
  u64() { return this.#view.getBigUint64(this.#take(8), true); }
  f64() { return this.#view.getFloat64(this.#take(8), true); }
  bytes(size) {
    const from = this.#take(size);
    return this.#bytes.subarray(from, from + size);
  }
  text() { return fromUtf8.decode(this.bytes(this.u32())); }
  end() {
    if (this.left > 0) throw new ProtocolError(`${this.left} bytes too many`);
  }
}

// ---- Packets

const HEADER = 16;

// One message as the packets that carry it. `payload` is a Uint8Array.
export function packets(type, id, status = 0, payload = new Uint8Array()) {
  if (payload.length > MAX_MESSAGE) throw new ProtocolError(`${payload.length} bytes: a message has at most ${MAX_MESSAGE}`);
  const out = [];
  let at = 0;
  do {
    const size = Math.min(payload.length - at, MAX_PACKET - HEADER);
    const packet = new Uint8Array(HEADER + size);
    const view = new DataView(packet.buffer);
    view.setUint16(0, type, true);
    view.setUint16(2, at + size < payload.length ? 1 : 0, true);
    view.setInt32(4, status, true);
    view.setBigUint64(8, BigInt(id), true);
    packet.set(payload.subarray(at, at + size), HEADER);
    at += size;
    out.push(packet);
  } while (at < payload.length);
  return out;
}

// Joins the packets of one socket to messages.
export class Assembler {
  #parts = [];
  #size = 0;

  // {type, status, id, payload}, or undefined while the message goes on. Keeps nothing of `packet`.
  take(packet) {
    const reader = new Reader(packet);
    const type = reader.u16(), more = reader.u16(), status = reader.i32(), id = reader.u64();
    if (more > 1) throw new ProtocolError(`'more' is ${more}: it is 0 or 1`);
    this.#size += reader.left;
    if (this.#size > MAX_MESSAGE) throw new ProtocolError(`a message of more than ${MAX_MESSAGE} bytes`);
    this.#parts.push(reader.bytes(reader.left).slice());
    if (more === 1) return undefined;
    const payload = this.#parts.length === 1 ? this.#parts[0] : new Uint8Array(Buffer.concat(this.#parts));
    this.#parts = [];
    this.#size = 0;
    return { type, status, id, payload };
  }
}

// ---- Batches

const READING = 24;

function typeOf(value) {
  switch (typeof value) {
    case 'number': return 'f64';
    case 'bigint': return 'i64';
    case 'boolean': return 'bool';
    case 'string': return 'text';
  }
  return value instanceof Uint8Array ? 'bytes' : 'json';
}

export function lookUp(table, name, what) {
  if (!Object.hasOwn(table, name)) throw new TypeError(`${what} '${name}': use ${Object.keys(table).join(', ')}`);
  return table[name];
}

function whole(value, least, most) {
  if (typeof value === 'number' && !Number.isInteger(value)) throw new RangeError(`value ${value} is no whole number`);
  const wide = BigInt(value);
  if (wide < least || wide > most) throw new RangeError(`value ${value} does not fit in 64 bits`);
  return wide;
}

const I64_MOST = 2n ** 63n - 1n, U64_MOST = 2n ** 64n - 1n;
const blobOf = {
  text: (value) => utf8.encode(value),
  bytes: (value) => value,
  json: (value) => utf8.encode(JSON.stringify(value)),
};

// readings: [{point, value, time?, type?, quality?}]. `time` is nanoseconds as BigInt (`now` where it is missing), `type`
// and `quality` are names. Without a type: number f64, bigint i64, boolean bool, string text, Uint8Array bytes.
export function encodeBatch(readings, now) {
  const table = new Uint8Array(readings.length * READING), view = new DataView(table.buffer);
  const blobs = new Writer();
  readings.forEach((reading, i) => {
    const { point, value, time = now, type = typeOf(value), quality = 'good' } = reading;
    if (!Number.isInteger(point) || point < 0 || point > 0xffffffff)
      throw new TypeError(`point ${point}: use the number that host.intern() gave`);
    const at = i * READING;
    view.setBigInt64(at, whole(time, 0n, I64_MOST), true);
    view.setUint32(at + 8, point, true);
    view.setUint16(at + 12, lookUp(ValueType, type, 'type'), true);
    view.setUint16(at + 14, lookUp(Quality, quality, 'quality'), true);
    if (type === 'bool') view.setBigInt64(at + 16, value ? 1n : 0n, true);
    else if (type === 'i64') view.setBigInt64(at + 16, whole(value, -I64_MOST - 1n, I64_MOST), true);
    else if (type === 'u64') view.setBigUint64(at + 16, whole(value, 0n, U64_MOST), true);
    else if (type === 'f64') {
      if (!Number.isFinite(Number(value)))
        throw new RangeError(`value ${value}: publish the last good value, or 0, with quality 'bad'`);
      view.setFloat64(at + 16, Number(value), true);
    } else {
      const blob = blobOf[type](value);
      view.setUint32(at + 16, blobs.size, true);
      view.setUint32(at + 20, blob.length, true);
      blobs.bytes(blob);
    }
  });
  return new Writer().u64(0).u32(readings.length).u32(blobs.size).bytes(table).bytes(blobs.finish()).finish();
}

// Whole numbers that a number holds exactly are numbers; others are BigInt.
function number(wide) {
  return wide >= BigInt(Number.MIN_SAFE_INTEGER) && wide <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(wide) : wide;
}

// {sequence, readings: [{point, time, value, type, quality}]}
export function decodeBatch(payload) {
  const reader = new Reader(payload);
  const sequence = reader.u64(), count = reader.u32(), blobSize = reader.u32();
  if (count * READING + blobSize !== reader.left)
    throw new ProtocolError(`a batch of ${count} readings and ${blobSize} bytes has ${reader.left} bytes`);
  const table = new Reader(reader.bytes(count * READING)), blob = reader.bytes(blobSize);
  const readings = [];
  for (let i = 0; i < count; ++i) {
    const time = table.i64(), point = table.u32(), typeNumber = table.u16(), quality = nameIn(Quality, table.u16());
    const type = nameIn(ValueType, typeNumber), value = new Reader(table.bytes(8));
    if (!type || !quality) throw new ProtocolError(`a reading of type ${typeNumber}, quality ${quality}`);
    readings.push({ point, time, value: readValue(type, value, blob), type, quality });
  }
  return { sequence, readings };
}

function readValue(type, value, blob) {
  switch (type) {
    case 'bool': return value.i64() !== 0n;
    case 'i64': return number(value.i64());
    case 'u64': return number(value.u64());
    case 'f64': return value.f64();
  }
  const from = value.u32(), size = value.u32();
  if (from + size > blob.length) throw new ProtocolError(`a value lies outside of its batch's ${blob.length} bytes`);
  const bytes = blob.subarray(from, from + size);
  if (type === 'bytes') return bytes.slice();
  const text = fromUtf8.decode(bytes);
  if (type === 'text') return text;
  try {
    return JSON.parse(text);
  } catch {
    throw new ProtocolError('a value of type json is none');
  }
}
