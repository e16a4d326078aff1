// A redis-server of a test's own: on loopback, on a port that the system picked, and gone after close() or with the
// test.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './waiting.mjs';

export async function startRedis() {
  const folder = mkdtempSync(join(tmpdir(), 'test-redis-'));
  const port = await freePort();
  const options = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', folder];
  const server = spawn(process.env.REDIS_SERVER ?? 'redis-server', options, { stdio: 'ignore' });
  const kill = () => server.kill('SIGKILL');
  process.on('exit', kill);
  await eventually(() => answers(port), 'an answer of redis-server');
  return {
    connection: { host: '127.0.0.1', port },
    async close() {
      kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

// Below those that the kernel gives to whoever connects, as ports.py.
async function freePort() {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const probe = createServer().listen(port, '127.0.0.1');
    if (!await once(probe, 'listening').then(() => true, () => false)) continue;
    probe.close();
    await once(probe, 'close');
    return port;
  }
}

function answers(port) {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => socket.end('PING\r\n'));
    socket.on('data', () => resolve(true) || socket.destroy());
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
  });
}
