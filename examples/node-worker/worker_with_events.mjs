// Like worker.mjs, and it streams: clients see the text word by word, and a cancel reaches it while it works.
import { setTimeout as pause } from 'node:timers/promises';
import { DelayedError, UnrecoverableError, Worker } from 'bullmq';
import { EventLogs } from './event_log.mjs';

const { MODEL: model = 'shout', REDIS_URL: url = 'redis://127.0.0.1:6379', QUEUE_PREFIX: prefix = '{shunt}' } =
  process.env;
const logs = new EventLogs(url, prefix);

async function generate(job) {
  const envelope = job.data;
  if (envelope.v !== 1) {
    await job.moveToDelayed(Date.now() + 5_000, job.token);
    throw new DelayedError();
  }
  const log = await logs.begin(job);
  if (log === null) return null; // somebody else ended it
  try {
    if (typeof envelope.input.prompt !== 'string') throw new Error('input.prompt must be a string');
    const words = envelope.input.prompt.toUpperCase().split(/\s+/);
    for (const [at, word] of words.entries()) {
      await pause(envelope.input.word_ms ?? 0, null, { signal: log.signal });
      log.delta(at === 0 ? word : ` ${word}`);
      log.progress((at + 1) / words.length);
    }
    await log.end({ type: 'succeeded', result: { words: words.length } });
    return { text: words.join(' '), result: { words: words.length } };
  } catch (error) {
    if (log.lost) throw new UnrecoverableError('another worker has it');
    if (log.signal.aborted) return void (await log.end({ type: 'cancelled', reason: log.signal.reason }));
    await log.end({ type: 'failed', error: { code: 'generator_failed', message: error.message, retryable: false } });
    throw new UnrecoverableError(error.message);
  }
}

const times = { lockDuration: 10_000, stalledInterval: 5_000, maxStalledCount: 2 };
const worker = new Worker(model.replaceAll(':', '%3A'), generate,
  { connection: { url }, prefix, concurrency: 4, ...times });
worker.on('ready', () => console.log(`serving ${model}`));
worker.on('error', (error) => console.error(error.message));
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, async () => {
    await worker.close();
    await logs.close();
  });
}
