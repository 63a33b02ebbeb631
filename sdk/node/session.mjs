// One plugin's session with the daemon: answers its calls in order, and carries what the plugin says on its own account.
// Knows no sockets: `wire` sends packets, and whoever reads them calls takeCall() and takeSide().
import { Failure, PluginHost, failureOf } from './plugin_host.mjs';
import { Assembler, DEVICE, ProtocolError, Reader, Status, Type, Writer, decodeBatch, packets, typeName } from './protocol.mjs';

// How each call goes into the plugin; what comes back follows the answer's message.
const device = {
  discover: async (plugin, reader) => void (await plugin.discover(reader.i64())),
  poll: async (plugin, reader) => void (await plugin.poll(reader.i64())),

  async read(plugin, reader) {
    const deadline = reader.i64(), count = reader.u32();
    if (count * 4 !== reader.left) throw new ProtocolError("'read' is cut short");
    await plugin.read(Array.from({ length: count }, () => reader.u32()), deadline);
  },

  // The plugin answers with a status for each reading, or with nothing: all were written.
  async write(plugin, reader) {
    const { readings } = decodeBatch(reader.bytes(reader.left));
    const statuses = (await plugin.write(readings)) ?? readings.map(() => 'ok');
    if (!Array.isArray(statuses) || statuses.length !== readings.length)
      throw new TypeError(`write() of ${readings.length} readings answers with a list of as many statuses, or nothing`);
    const out = new Writer();
    for (const status of statuses) out.i32(new Failure(status, '').status);
    return out.finish();
  },

  // Its output goes ahead on `side`, its failure with the answer.
  async invoke(plugin, reader, reply) {
    const thing = reader.text(), action = reader.text(), input = reader.text();
    const output = await plugin.invoke(thing, action, input === '' ? undefined : JSON.parse(input));
    reply(new TextEncoder().encode(output === undefined ? '' : JSON.stringify(output)));
  },
};

function messageOf(error) {
  return error instanceof Error ? error.message || error.name : String(error);
}
function statusOf(error) {
  return error instanceof Failure ? error.status : Status.INTERNAL;
}

export class Session {
  #wire;
  #Plugin;
  #plugin = null;
  #calls = new Assembler();
  #side = new Assembler();
  #nextId = 1n;
  #waiting = new Map();  // of asks and durable batches, by id
  #unsent = 0;
  #left = Promise.resolve();  // all that was said on `side` has left

  // wire: {call(packet), side(packet) → promise of having left}
  constructor(wire, Plugin) {
    this.#wire = wire;
    this.#Plugin = Plugin;
    const session = this;
    this.host = new PluginHost({
      get unsent() { return session.#unsent; },
      send: (type, id, payload, status) => this.#send(type, id, payload, status),
      ask: (type, payload) => this.#ask(type, payload),
      askDurable: (payload) => this.#ask(Type.publish_durable, payload),
    });
  }

  // ---- `side`

  // Never rejects: when the daemon is gone, so is this process.
  #send(type, id, payload, status = 0) {
    for (const packet of packets(type, id, status, payload)) {
      this.#unsent += packet.length;
      this.#left = this.#left.then(() => this.#wire.side(packet)).then(() => { this.#unsent -= packet.length; });
    }
    return this.#left;
  }

  #ask(type, payload) {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#send(type, id, payload);
    });
  }

  takeSide(packet) {
    const message = this.#side.take(packet);
    if (!message) return;
    const { type, id, status, payload } = message;
    if (type === Type.ping) this.#send(Type.pong, id);
    else if (type === Type.cancel) this.#plugin?.cancel?.();
    else if (type === Type.answer || type === Type.durable) {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (status === Status.OK) waiting?.resolve(payload);
      else waiting?.reject(failureOf(status, new TextDecoder().decode(payload)));
    }
    // Another is of a newer daemon.
  }

  // ---- `calls`

  // Resolves when the call is answered. The daemon makes one at a time.
  async takeCall(packet) {
    const message = this.#calls.take(packet);
    if (!message) return;
    const { type, id, payload } = message;
    try {
      const more = await this.#serve(typeName(type), id, new Reader(payload));
      await this.#left;  // what it published in the call belongs before the answer
      this.answer(type, id, Status.OK, '', more);
    } catch (error) {
      await this.#left;
      this.answer(type, id, statusOf(error), messageOf(error));
    }
  }

  answer(type, id, status, message, more = new Uint8Array()) {
    for (const packet of packets(type, id, status, new Writer().text(message).bytes(more).finish())) this.#wire.call(packet);
  }

  async #serve(name, id, reader) {
    if (name === 'create') return this.#create(reader.text());
    if (!this.#plugin) throw new ProtocolError("'create' comes before this");
    const plugin = this.#plugin;
    if (name === 'start' || name === 'stop') return void (await plugin[name]?.());
    if (name === 'destroy') return void (this.#plugin = null);
    if (!Object.hasOwn(device, name)) throw new Failure('unsupported', `the host for Node.js does not serve '${name}'`);
    if (typeof plugin[name] !== 'function') throw new Failure('unsupported', `this plugin has no ${name}()`);
    return device[name](plugin, reader, (output) => this.#send(Type.invoked, id, output));
  }

  #create(config) {
    const plugin = new this.#Plugin(this.host, JSON.parse(config));
    this.#plugin = plugin;
    const isDevice = Object.keys(device).some((name) => typeof plugin[name] === 'function');
    return isDevice ? new Writer().text(DEVICE).finish() : undefined;
  }
}
