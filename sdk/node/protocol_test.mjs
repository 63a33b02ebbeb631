// The protocol's words, and that they are those of core/plugin_runner/protocol.h and of the document.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import * as protocol from './protocol.mjs';
import { Assembler, MAX_PACKET, ProtocolError, Reader, Type, Writer, decodeBatch, encodeBatch, packets } from './protocol.mjs';

const repository = new URL('../../', import.meta.url);
const fileText = (name) => fs.readFileSync(new URL(name, repository), 'utf8');

// {name: number} of the enum in protocol.h.
function typesOfHeader() {
  const body = fileText('core/plugin_runner/protocol.h').match(/enum class Type : std::uint16_t \{(.*?)\};/s)[1];
  const types = {};
  let next = 0;
  for (const [, name, given] of body.replace(/\/\/.*/g, '').matchAll(/(\w+)(?:\s*=\s*(\d+))?,/g)) {
    next = given === undefined ? next + 1 : Number(given);
    types[name] = next;
  }
  return types;
}

test('the numbers are those of protocol.h', () => {
  assert.deepEqual(typesOfHeader(), { ...Type });
  const header = fileText('core/plugin_runner/protocol.h');
  assert.match(header, new RegExp(`protocol_version = ${protocol.PROTOCOL};`));
  assert.equal(header.match(/max_packet = std::size_t\{(\d+)\} << 10/)[1] * 1024, MAX_PACKET);
  assert.equal(header.match(/max_message = std::size_t\{(\d+)\} << 20/)[1] * 1024 * 1024, protocol.MAX_MESSAGE);
});

test('the document lists every message with its number', () => {
  const rows = [...fileText('docs/specs/runner-protocol.md').matchAll(/^\| (\d+) \| `(\w+)` \|/gm)];
  assert.deepEqual(Object.fromEntries(rows.map(([, number, name]) => [name, Number(number)])), typesOfHeader());
  assert.equal(rows.length, Object.keys(Type).length);
});

test('the document states the limits and the version', () => {
  const text = fileText('docs/specs/runner-protocol.md');
  for (const wanted of ['64 KiB', '24 MiB', `\`protocol\` is ${protocol.PROTOCOL}`]) assert.ok(text.includes(wanted), wanted);
});

test('statuses, types and qualities are those of plugin.h', () => {
  const header = fileText('sdk/include/myriad/plugin.h');
  for (const [name, number] of Object.entries(protocol.Status))
    assert.match(header, new RegExp(`#define MYRIAD_(E_)?${name} \\(?${number}\\)?\\s`), name);
  for (const [table, first] of [[protocol.ValueType, 'BOOL = 1'], [protocol.Quality, 'GOOD = 0'], [protocol.LogLevel, 'LOG_DEBUG = 1']]) {
    const list = header.match(new RegExp(`enum \\{ MYRIAD_${first}(.*?) \\};`))[0];
    const names = [...list.matchAll(/MYRIAD_(?:LOG_)?(\w+)/g)].map(([, name]) => name.toLowerCase());
    assert.deepEqual(Object.keys(table), names);
    assert.deepEqual(Object.values(table), names.map((_, i) => i + Number(first.at(-1))));
  }
});

test('aggregates are those of plugin.h', () => {
  const list = fileText('sdk/include/myriad/plugin.h').match(/MYRIAD_AGGREGATE_MEAN = 1(.*?)\};/s)[0];
  const names = [...list.matchAll(/MYRIAD_AGGREGATE_(\w+)/g)].map(([, name]) => name.toLowerCase());
  assert.deepEqual(protocol.Aggregate, Object.fromEntries(names.map((name, i) => [name, i + 1])));
});

test('a packet lies in memory as the document draws it', () => {
  const [packet] = packets(Type.pong, 0x0102030405060708n, -3, new Uint8Array([9]));
  assert.deepEqual([...packet], [67, 0, 0, 0, 253, 255, 255, 255, 8, 7, 6, 5, 4, 3, 2, 1, 9]);
});

test('long messages are cut and joined', () => {
  for (const size of [0, 1, MAX_PACKET - 16, MAX_PACKET - 15, 1_000_000]) {
    const payload = new Uint8Array(size).map((_, i) => i * 7);
    const cut = packets(Type.create, 5n, 0, payload), assembler = new Assembler();
    assert.equal(cut.length, Math.max(1, Math.ceil(size / (MAX_PACKET - 16))), `${size}`);
    assert.ok(cut.every((packet) => packet.length <= MAX_PACKET));
    const joined = cut.map((packet) => assembler.take(packet));
    assert.ok(joined.slice(0, -1).every((message) => message === undefined));
    assert.deepEqual(joined.at(-1), { type: Type.create, id: 5n, status: 0, payload });
  }
});

test('what breaks the protocol is refused', () => {
  const fail = (f, why) => assert.throws(f, (error) => error instanceof ProtocolError && why.test(error.message));
  fail(() => new Assembler().take(new Uint8Array(15)), /cut short/);
  fail(() => new Assembler().take(new Uint8Array(16).fill(2)), /'more'/);
  fail(() => new Reader(new Uint8Array([255, 255, 255, 255, 65])).text(), /cut short/);
  fail(() => packets(1, 1n, 0, new Uint8Array(protocol.MAX_MESSAGE + 1)), /at most/);
  fail(() => decodeBatch(new Writer().u64(0).u32(2).u32(0).bytes(new Uint8Array(24)).finish()), /2 readings/);
  const outside = encodeBatch([{ point: 1, value: 'abc' }], 0n);
  outside[16 + 20] = 4;  // the text's size
  fail(() => decodeBatch(outside), /outside/);
  const assembler = new Assembler(), [long] = packets(Type.create, 1n, 0, new Uint8Array(MAX_PACKET));
  fail(() => { for (;;) assembler.take(long); }, /more than/);
});

test('readings go through a batch unchanged', () => {
  const cases = [
    [1.5, 'f64'], [-0.25, 'f64'], [true, 'bool'], [false, 'bool'], [7n, 'i64', 7], [2n ** 62n, 'i64'], [3, 'i64'],
    [2n ** 64n - 1n, 'u64'], ['grüß', 'text'], ['', 'text'], [new Uint8Array([0, 255]), 'bytes'], [{ a: [1] }, 'json'],
  ];
  const sent = cases.map(([value, type], i) => ({ point: i + 1, value, type, time: BigInt(i), quality: 'uncertain' }));
  const { sequence, readings } = decodeBatch(encodeBatch(sent, 0n));
  assert.equal(sequence, 0n);
  assert.deepEqual(readings, sent.map((reading, i) => ({ ...reading, value: cases[i][2] ?? reading.value })));
});

test('a value tells its type', () => {
  const types = [[1, 'f64'], [1n, 'i64'], [true, 'bool'], ['a', 'text'], [new Uint8Array(1), 'bytes'], [[1], 'json']];
  const { readings } = decodeBatch(encodeBatch(types.map(([value]) => ({ point: 1, value })), 5n));
  assert.deepEqual(readings.map(({ type }) => type), types.map(([, type]) => type));
  assert.deepEqual(readings[0].time, 5n);
  assert.equal(readings[0].quality, 'good');
});

test('a reading that cannot be is refused, with the mend', () => {
  const cases = [
    [{ point: 1, value: NaN }, /quality 'bad'/], [{ point: 1, value: 1.5, type: 'i64' }, /no whole number/],
    [{ point: 1, value: 2n ** 63n }, /64 bits/], [{ point: 'a', value: 1 }, /host\.intern/],
    [{ point: 1, value: 1, type: 'float' }, /'float': use bool/], [{ point: 1, value: 1, quality: 'fine' }, /use good/],
  ];
  for (const [reading, why] of cases) assert.throws(() => encodeBatch([reading], 0n), why);
});
