// A redis-server of a test's own: on loopback, on a free port, and gone after close() or with the test.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './waiting.mjs';

export async function startRedis() {
  const folder = mkdtempSync(join(tmpdir(), 'test-redis-'));
  for (let left = 5; left > 0; --left) { // another program may take the port before the server does
    const port = await freePort();
    const options = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', folder];
    const server = spawn(process.env.REDIS_SERVER ?? 'redis-server', options, { stdio: 'ignore' });
    const kill = () => server.kill('SIGKILL');
    process.on('exit', kill);
    let owner;
    const ended = () => server.exitCode !== null || server.signalCode !== null;
    await eventually(async () => ended() || (owner = await processAt(port)), 'an answer of redis-server');
    if (owner !== server.pid) {
      kill();
      continue;
    }
    return {
      connection: { host: '127.0.0.1', port },
      async close() {
        kill();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  }
  throw new Error('redis-server does not start');
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

// The id of the Redis process that answers there; undefined if none does.
function processAt(port) {
  return new Promise(resolve => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.end('INFO server\r\n'));
    socket.setEncoding('utf8');
    socket.on('data', text => (answer += text));
    socket.on('error', () => resolve(undefined));
    socket.on('close', () => resolve(Number(answer.match(/^process_id:(\d+)/m)?.[1]) || undefined));
  });
}
