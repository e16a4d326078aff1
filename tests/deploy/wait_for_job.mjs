// A BullMQ client that knows nothing of Shunt: waits for a job, or adds one, and tells what it sees of its end.
//   node wait_for_job.mjs wait QUEUE ID     |     node wait_for_job.mjs add QUEUE ID DATA
import { Queue, QueueEvents } from 'bullmq';

const [what, name, id, data] = process.argv.slice(2);
const options = { connection: { url: process.env.REDIS_URL }, prefix: '{shunt}' };
// From the stream's beginning: its first read may come only after the end that is waited for.
const events = new QueueEvents(name, { ...options, lastEventId: '0-0' });
const queue = new Queue(name, options);
await events.waitUntilReady();
if (what === 'add') await queue.add(name, JSON.parse(data), { jobId: id, attempts: 3, backoff: 10 });
const job = await queue.getJob(id);
console.log('waiting');
const seen = {};
try {
  seen.returned = await job.waitUntilFinished(events, 20_000);
} catch (error) {
  seen.rejected = error.message;
}
const after = await queue.getJob(id);
seen.state = after ? await after.getState() : 'gone';
seen.attemptsMade = after?.attemptsMade;
seen.failedReason = after?.failedReason;
console.log(`seen ${JSON.stringify(seen)}`);
await Promise.all([queue.close(), events.close()]);
