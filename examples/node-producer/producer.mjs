// Puts a generation into a model's queue without Shunt's API and waits for its result. Any worker of the model runs
// it: `shunt worker`, or one in another language.
//   npm install && MODEL=simulator REDIS_URL=redis://127.0.0.1:6379 node producer.mjs '{"prompt": "hello"}'
import { randomBytes } from 'node:crypto';
import { Queue, QueueEvents } from 'bullmq';

const { MODEL: model = 'simulator', REDIS_URL: url = 'redis://127.0.0.1:6379', QUEUE_PREFIX: prefix = '{shunt}',
  TIMEOUT_MS: timeout = '60000' } = process.env;

// A UUIDv7: 48 bits of time, then 74 random ones between the version and the variant.
function newId(now) {
  const hex = randomBytes(10).toString('hex');
  const variant = (8 + (parseInt(hex[3], 16) & 3)).toString(16);
  return `gen_${now.toString(16).padStart(12, '0')}7${hex.slice(0, 3)}${variant}${hex.slice(4, 19)}`;
}

const now = Date.now();
const id = newId(now);
const envelope = {
  v: 1, id, model, input: JSON.parse(process.argv[2] ?? '{"prompt": "hello"}'),
  admission: { executor: 'queue', reason: 'producer' }, // who decided that it runs here: docs/envelope.md
  created_at: now, deadline: now + Number(timeout),
};

const options = { connection: { url }, prefix };
const name = model.replaceAll(':', '%3A');
// From the first event that Redis still has: "ready" comes before the first read, and what ends between those two would
// be missed by one that begins with whatever comes next.
const events = new QueueEvents(name, { ...options, lastEventId: '0-0' });
const queue = new Queue(name, options);
await events.waitUntilReady();
const keep = { age: 3600 };
const job = await queue.add(model, envelope, { jobId: id, removeOnComplete: keep, removeOnFail: keep });
try {
  const returned = await job.waitUntilFinished(events, Number(timeout));
  console.log(JSON.stringify({ id, ...returned }));
} catch (error) {
  console.error(`${id}: ${error.message}`);
  process.exitCode = 1;
}
await Promise.all([queue.close(), events.close()]);
