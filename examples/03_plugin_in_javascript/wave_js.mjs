// A tide gauge that computes its water: a sine whose amplitude can be written, and reset by an action.
export default class Wave {
  #host;
  #config;
  #points;
  #amplitude = 1;

  constructor(host, config) {
    this.#host = host;
    this.#config = config;
  }

  async start() {
    const { thing } = this.#config, host = this.#host;
    await host.putThing(thing, {
      title: 'Wave',
      properties: {
        level: { type: 'number', unit: 'm', readOnly: true, observable: true },
        amplitude: { type: 'number', unit: 'm', observable: true, minimum: 0, maximum: this.#config.limit },
      },
      actions: { reset: { output: { type: 'number' } } },
    });
    this.#points = { level: await host.intern(thing, 'level'), amplitude: await host.intern(thing, 'amplitude') };
    this.#amplitude = (await host.stored('amplitude')) ?? 1;
    host.connected();
  }

  async poll() {
    const period = BigInt(Math.round(this.#config.period_s * 1e9)), time = this.#host.nowNs();
    const phase = Number(time % period) / Number(period);
    await this.#publish(this.#points.level, this.#amplitude * Math.sin(2 * Math.PI * phase), time);
  }

  async read(points) {
    if (points.includes(this.#points.level)) await this.poll();
    if (points.includes(this.#points.amplitude)) await this.#publish(this.#points.amplitude, this.#amplitude);
  }

  // One status for each reading.
  async write(readings) {
    const statuses = [];
    for (const { point, value } of readings) statuses.push(await this.#set(point, value));
    return statuses;
  }

  async invoke(thing, action) {
    if (action !== 'reset') throw this.#host.failure('unsupported', `action '${action}': this device has 'reset'`);
    const before = this.#amplitude;
    await this.#set(this.#points.amplitude, 1);
    return before;
  }

  async #set(point, value) {
    if (point !== this.#points.amplitude) return 'unsupported';
    if (typeof value !== 'number' || !(value >= 0 && value <= this.#config.limit)) return 'invalid';
    this.#amplitude = value;
    await this.#host.store('amplitude', value);
    await this.#publish(point, value);
    return 'ok';
  }

  #publish(point, value, time = this.#host.nowNs()) {
    return this.#host.publish([{ point, value, time, type: 'f64' }]);
  }
}
