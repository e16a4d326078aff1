// Serves a model of Shunt with plain bullmq: whatever asks for the model gets what this returns.
//   npm install && MODEL=shout REDIS_URL=redis://127.0.0.1:6379 node worker.mjs
import { DelayedError, UnrecoverableError, Worker } from 'bullmq';

const { MODEL: model = 'shout', REDIS_URL: url = 'redis://127.0.0.1:6379', QUEUE_PREFIX: prefix = '{shunt}' } =
  process.env;

async function generate(job) {
  const { v, input, deadline = Infinity } = job.data; // the envelope: docs/envelope.md
  if (v !== 1) {
    // For a worker that knows this version: back into the queue, not failed.
    await job.moveToDelayed(Date.now() + 5_000, job.token);
    throw new DelayedError();
  }
  if (Date.now() >= deadline) throw new UnrecoverableError('too late: its deadline has passed');
  if (typeof input.prompt !== 'string') throw new UnrecoverableError('input.prompt must be a string');
  const words = input.prompt.toUpperCase().split(/\s+/);
  for (const [at, word] of words.entries()) {
    await new Promise((done) => setTimeout(done, input.word_ms ?? 0)); // the work
    await job.updateProgress({ fraction: (at + 1) / words.length, message: word });
  }
  return { text: words.join(' '), result: { words: words.length } };
}

// The times are those of Shunt's own workers: a job whose worker was killed runs again within 20 s.
const times = { lockDuration: 10_000, stalledInterval: 5_000, maxStalledCount: 2 };
const worker = new Worker(model.replaceAll(':', '%3A'), generate,
  { connection: { url }, prefix, concurrency: 4, ...times });
worker.on('ready', () => console.log(`serving ${model}`));
worker.on('error', (error) => console.error(error.message));
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => worker.close());
