// The worker behind queue_api.mjs: the same zero-delay simulator. Usage: node queue_worker.mjs PACKAGES_FOLDER REDIS_PORT
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [packages, redisPort] = process.argv.slice(2);
const { Worker } = createRequire(join(packages, 'package.json'))('bullmq');
const words = ['a', 'train', 'of', 'wagons', 'rolls', 'down', 'the', 'hump'];

const worker = new Worker('simulator', async job => {
  let text = '';
  for (let i = 0; i < job.data.input.tokens; i++) text += words[i % words.length] + ' ';
  return { text, result: { tokens: job.data.input.tokens, simulated: true } };
}, { connection: { host: '127.0.0.1', port: Number(redisPort) }, concurrency: 200 });
await worker.waitUntilReady();
console.log('ready');
