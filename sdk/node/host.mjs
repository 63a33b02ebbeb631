// Runs one plugin written in JavaScript: node host.mjs <plugin.mjs> <id of the setup call>. Started by Myriad's runner,
// confined already, with both sockets at descriptors 3 and 4. docs/specs/runner-protocol.md has the whole story.
import fs from 'node:fs';
import { promisify } from 'node:util';
import { pathToFileURL } from 'node:url';
import { MAX_PACKET, Status, Type, Writer } from './protocol.mjs';
import { Session } from './session.mjs';

const CALLS = 3, SIDE = 4;
const read = promisify(fs.read), write = promisify(fs.write);

// Two threads wait in read() for the daemon, and an exit in order would wait for them.
function end() {
  process.kill(process.pid, 'SIGKILL');
}

// The last line printed is the one that the instance's fault shows.
function die(error) {
  const words = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  fs.writeSync(2, `${error?.stack ?? ''}\nuncaught ${words.replaceAll('\n', ' ')}\n`);
  end();
}

// A packet socket gives one packet to each read(2), and takes one with each write(2).
async function listen(fd, take) {
  const buffer = new Uint8Array(MAX_PACKET);
  for (;;) {
    const { bytesRead } = await read(fd, buffer, 0, buffer.length, null);
    if (bytesRead === 0) return end();  // the daemon is gone
    await take(buffer.subarray(0, bytesRead));
  }
}

// Not writeSync(): the daemon stops reading while the disk is full, and the plugin should go on meanwhile.
async function side(packet) {
  try {
    await write(SIDE, packet, 0, packet.length, null);
  } catch {
    end();
  }
}

// The plugin's class, or why there is none.
async function load(file) {
  try {
    const Plugin = (await import(pathToFileURL(file))).default;
    if (typeof Plugin === 'function') return { Plugin };
    return { failure: `${file} has no default export: write 'export default class … {}'` };
  } catch (error) {
    return { failure: `${file} cannot be loaded: ${error} ('node --check' shows where)` };
  }
}

async function main(file, setupId) {
  process.on('uncaughtException', die);
  process.on('exit', (code) => {
    fs.writeSync(2, `it called process.exit(${code})\n`);
    end();
  });
  const { Plugin, failure } = await load(file);
  const session = new Session({ call: (packet) => fs.writeSync(CALLS, packet), side }, Plugin);
  if (failure) session.answer(Type.setup, setupId, Status.UNSUPPORTED, failure);
  else session.answer(Type.setup, setupId, Status.OK, '', new Writer().text('{"gaps":[]}').finish());
  listen(SIDE, (packet) => session.takeSide(packet)).catch(die);
  listen(CALLS, (packet) => session.takeCall(packet)).catch(die);
}

function isSocket(fd) {
  try {
    return fs.fstatSync(fd).isSocket();
  } catch {
    return false;
  }
}

if (process.argv.length === 4 && isSocket(CALLS) && isSocket(SIDE)) {
  main(process.argv[2], BigInt(process.argv[3])).catch(die);
} else {
  fs.writeSync(2, 'host.mjs is started by the daemon, one for each instance of a plugin for Node.js\n');
  process.exitCode = 2;
}
