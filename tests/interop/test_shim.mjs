// Behaviour that users of the npm package rely on, written as they write it. BULLMQ_IMPL says which client is meant
// (shim.mjs). Run with `node --test test_shim.mjs`.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, beforeEach, describe, it as test } from 'node:test';
import { startRedis } from '../support/redis_server.mjs';
import { eventually } from '../support/waiting.mjs';
import {
  DelayedError,
  FlowProducer,
  implementation,
  Job,
  Queue,
  QueueEvents,
  QueueEventsProducer,
  UnrecoverableError,
  WaitingError,
  Worker,
} from './shim.mjs';

const notOffered = readFileSync(new URL('not_offered.txt', import.meta.url), 'utf8').split('\n');

// A test that not_offered.txt lists may be refused by the native client as NotSupported; any other may not.
function it(name, body) {
  test(name, async context => {
    try {
      await body();
    } catch (error) {
      if (error.name !== 'NotSupported' || !notOffered.includes(name)) {
        throw error;
      }
      context.skip(error.message);
    }
  });
}

let connection;
let redis;
let opened = [];
let queueName;
let tests = 0;

before(async () => {
  redis = await startRedis();
  connection = redis.connection;
});

after(() => redis.close());

beforeEach(() => {
  queueName = `paint-${++tests}`;
});

afterEach(async () => {
  await Promise.all(opened.map(made => made.close()));
  opened = [];
});

function open(type, ...args) {
  const made = new type(...args);
  opened.push(made);
  return made;
}

const openQueue = (opts = {}) => open(Queue, queueName, { connection, ...opts });
const openWorker = (processor, opts = {}) => open(Worker, queueName, processor, { connection, ...opts });

async function openEvents() {
  const events = open(QueueEvents, queueName, { connection });
  await events.waitUntilReady();
  // Reading starts after 'ready': a marker event tells when it has.
  const producer = open(QueueEventsProducer, queueName, { connection });
  let heard = false;
  events.on('hello', () => (heard = true));
  await eventually(async () => {
    await producer.publishEvent({ eventName: 'hello' });
    return heard;
  });
  return events;
}

function within(promise, what, timeout = 10000) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come within ${timeout} ms`)), timeout);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const next = (emitter, event) => within(once(emitter, event), event);

describe(`bullmq as ${implementation}`, () => {
  it('runs a job and tells its result', async () => {
    const queue = openQueue();
    const worker = openWorker(async job => `${job.data.color} car`);
    const completed = next(worker, 'completed');
    await queue.add('cars', { color: 'blue' });
    const [job, result, prev] = await completed;
    assert.equal(job.name, 'cars');
    assert.deepEqual(job.data, { color: 'blue' });
    assert.equal(result, 'blue car');
    assert.equal(prev, 'active');
  });

  it('gives the added job an id and its options', async () => {
    const job = await openQueue().add('cars', { a: 1 }, { attempts: 3, delay: 5000, priority: 2 });
    assert.equal(job.id, '1');
    assert.equal(job.opts.attempts, 3);
    assert.equal(job.opts.delay, 5000);
    assert.equal(await job.getState(), 'delayed');
  });

  it('fails a job whose processor throws', async () => {
    const queue = openQueue();
    const worker = openWorker(async () => {
      throw new TypeError('no paint');
    });
    const failed = next(worker, 'failed');
    const added = await queue.add('cars', {});
    const [job, error] = await failed;
    assert.equal(job.id, added.id);
    assert.equal(error.message, 'no paint');
    const stored = await queue.getJob(added.id);
    assert.equal(stored.failedReason, 'no paint');
    assert.match(stored.stacktrace[0], /TypeError: no paint\n\s+at/);
    assert.equal(await stored.isFailed(), true);
  });

  it('retries with backoff until it succeeds', async () => {
    const queue = openQueue();
    const worker = openWorker(async job => {
      if (job.attemptsMade < 2) {
        throw new Error(`attempt ${job.attemptsMade}`);
      }
      return 'done';
    });
    const completed = next(worker, 'completed');
    await queue.add('cars', {}, { attempts: 3, backoff: { type: 'exponential', delay: 10 } });
    const [job, result] = await completed;
    assert.equal(result, 'done');
    assert.equal(job.attemptsMade, 3);
  });

  it('does not retry an UnrecoverableError', async () => {
    const queue = openQueue();
    const worker = openWorker(async () => {
      throw new UnrecoverableError('never');
    });
    const failed = next(worker, 'failed');
    const job = await queue.add('cars', {}, { attempts: 5 });
    await failed;
    assert.equal((await queue.getJob(job.id)).attemptsMade, 1);
  });

  it('waits until a job is finished', async () => {
    const queue = openQueue();
    const events = await openEvents();
    openWorker(async job => ({ n: job.data.n + 1 }));
    const job = await queue.add('cars', { n: 1 });
    assert.deepEqual(await within(job.waitUntilFinished(events), 'the result'), { n: 2 });
  });

  it('rejects the wait for a job that fails', async () => {
    const queue = openQueue();
    const events = await openEvents();
    openWorker(async () => {
      throw new Error('no paint');
    });
    const job = await queue.add('cars', {});
    await assert.rejects(within(job.waitUntilFinished(events), 'the failure'), { message: 'no paint' });
  });

  it('reports progress everywhere', async () => {
    const queue = openQueue();
    const events = await openEvents();
    const worker = openWorker(async job => job.updateProgress({ done: 50 }));
    const local = next(worker, 'progress');
    const global = next(events, 'progress');
    await events.waitUntilReady(); // what was subscribed to before is heard from now on
    const job = await queue.add('cars', {});
    assert.deepEqual((await local)[1], { done: 50 });
    assert.deepEqual((await global)[0], { jobId: job.id, data: { done: 50 } });
  });

  it('keeps logs', async () => {
    const queue = openQueue();
    const worker = openWorker(async job => {
      await job.log('one');
      return job.log('two');
    });
    const completed = next(worker, 'completed');
    const job = await queue.add('cars', {});
    assert.equal((await completed)[1], 2);
    assert.deepEqual(await queue.getJobLogs(job.id), { logs: ['one', 'two'], count: 2 });
  });

  it('works by priority, then in order', async () => {
    const queue = openQueue();
    await queue.add('p9', {}, { priority: 9 });
    await queue.add('p1', {}, { priority: 1 });
    await queue.add('plain', {});
    const names = [];
    openWorker(async job => names.push(job.name));
    await eventually(() => names.length === 3);
    assert.deepEqual(names, ['plain', 'p1', 'p9']);
  });

  it('delays a job', async () => {
    const queue = openQueue();
    const worker = openWorker(async () => Date.now());
    const completed = next(worker, 'completed');
    const job = await queue.add('cars', {}, { delay: 200 });
    assert.ok((await completed)[1] - job.timestamp >= 200);
  });

  it('adds in bulk', async () => {
    const queue = openQueue();
    const jobs = await queue.addBulk([1, 2, 3].map(n => ({ name: 'cars', data: { n }, opts: { attempts: n } })));
    assert.deepEqual(jobs.map(job => job.id), ['1', '2', '3']);
    assert.deepEqual((await queue.getWaiting()).map(job => job.data.n), [1, 2, 3]);
  });

  it('counts jobs by state', async () => {
    const queue = openQueue();
    await queue.add('cars', {});
    await queue.add('cars', {}, { delay: 60000 });
    const counts = await queue.getJobCounts('wait', 'delayed', 'completed');
    assert.deepEqual(counts, { wait: 1, delayed: 1, completed: 0 });
  });

  it('pauses and resumes the queue', async () => {
    const queue = openQueue();
    await queue.pause();
    assert.equal(await queue.isPaused(), true);
    const worker = openWorker(async () => 'done');
    await queue.add('cars', {});
    assert.equal(await queue.getWaitingCount(), 1);
    const completed = next(worker, 'completed');
    await queue.resume();
    await completed;
  });

  it('pauses and resumes a worker', async () => {
    const queue = openQueue();
    const worker = openWorker(async () => 'done');
    await worker.waitUntilReady();
    await worker.pause();
    assert.equal(await worker.isPaused(), true);
    await queue.add('cars', {});
    const completed = next(worker, 'completed');
    await worker.resume();
    await completed;
  });

  it('runs as many jobs at once as its concurrency', async () => {
    const queue = openQueue();
    let running = 0;
    let release;
    const gate = new Promise(resolve => (release = resolve));
    const worker = openWorker(
      async () => {
        running++;
        await gate;
      },
      { concurrency: 3 },
    );
    assert.equal(worker.concurrency, 3);
    await queue.addBulk(Array.from({ length: 5 }, (_, n) => ({ name: 'cars', data: { n } })));
    await eventually(() => running === 3);
    assert.equal(await queue.getActiveCount(), 3);
    release();
    await eventually(async () => (await queue.getCompletedCount()) === 5);
  });

  it('aborts the signal of a cancelled job', async () => {
    const queue = openQueue();
    // A job is active in Redis before its worker has read the answer that says so, and knows it.
    let begin;
    const begun = new Promise(resolve => (begin = resolve));
    const worker = openWorker(async (job, token, signal) => {
      begin();
      await within(new Promise(resolve => signal.addEventListener('abort', resolve)), 'the signal');
      throw new UnrecoverableError(`stopped: ${signal.reason}`);
    });
    const failed = next(worker, 'failed');
    const job = await queue.add('cars', {});
    await within(begun, 'the processor');
    assert.equal(await worker.cancelJob(job.id, 'out of paint'), true);
    assert.equal((await failed)[1].message, 'stopped: out of paint');
  });

  it('moves a job to delayed from inside its processor', async () => {
    const queue = openQueue();
    const worker = openWorker(async (job, token) => {
      if (job.data.step === 2) {
        return 'second step';
      }
      await job.updateData({ step: 2 });
      await job.moveToDelayed(Date.now() + 50, token);
      throw new DelayedError();
    });
    const completed = next(worker, 'completed');
    await queue.add('cars', { step: 1 });
    assert.equal((await completed)[1], 'second step');
  });

  it('moves a job back to wait from inside its processor', async () => {
    const queue = openQueue();
    const worker = openWorker(async (job, token) => {
      if (job.attemptsStarted > 1) {
        return 'second time';
      }
      await job.moveToWait(token);
      throw new WaitingError();
    });
    const completed = next(worker, 'completed');
    await queue.add('cars', {});
    assert.equal((await completed)[1], 'second time');
  });

  it('pauses for a rate limit that the processor asks for', async () => {
    const queue = openQueue();
    let calls = 0;
    const worker = openWorker(async () => {
      if (++calls === 1) {
        await worker.rateLimit(100);
        throw Worker.RateLimitError();
      }
      return 'later';
    });
    const completed = next(worker, 'completed');
    await queue.add('cars', {});
    assert.equal((await completed)[1], 'later');
    assert.equal((await completed)[0].attemptsMade, 1);
  });

  it('processes jobs by hand', async () => {
    const queue = openQueue();
    const worker = openWorker(null);
    await queue.add('cars', { n: 1 });
    const job = await worker.getNextJob('my-token', { block: false });
    assert.deepEqual(job.data, { n: 1 });
    await job.moveToCompleted('by hand', 'my-token', false);
    assert.equal((await queue.getJob(job.id)).returnvalue, 'by hand');
  });

  it('drops duplicates', async () => {
    const queue = openQueue();
    const events = await openEvents();
    const deduplicated = next(events, 'deduplicated');
    await events.waitUntilReady();
    const first = await queue.add('cars', {}, { deduplication: { id: 'one', ttl: 60000 } });
    const second = await queue.add('cars', {}, { deduplication: { id: 'one', ttl: 60000 } });
    assert.equal(second.id, first.id);
    assert.equal((await deduplicated)[0].deduplicationId, 'one');
  });

  it('refuses an integer as a job id', async () => {
    await assert.rejects(openQueue().add('cars', {}, { jobId: '12' }), { message: 'Custom Id cannot be integers' });
  });

  it('edits, promotes, retries and removes jobs', async () => {
    const queue = openQueue();
    const job = await queue.add('cars', {}, { delay: 60000 });
    await job.changeDelay(90000);
    await job.changePriority({ priority: 3 });
    assert.equal((await Job.fromId(queue, job.id)).priority, 3);
    await job.promote();
    assert.equal(await job.getState(), 'prioritized');
    await job.remove();
    assert.equal((await queue.getJob(job.id)) ?? undefined, undefined);
    await assert.rejects(job.updateData({}), { code: -1 });
  });

  it('cleans, drains and obliterates', async () => {
    const queue = openQueue();
    const worker = openWorker(async () => 'done');
    await queue.add('cars', {});
    await eventually(async () => (await queue.getCompletedCount()) === 1);
    await worker.close();
    assert.deepEqual(await queue.clean(0, 10, 'completed'), ['1']);
    await queue.add('cars', {});
    await queue.drain();
    assert.equal(await queue.count(), 0);
    await queue.add('cars', {});
    await queue.obliterate();
    assert.equal(await queue.count(), 0);
  });

  it('tells events in order', async () => {
    const queue = openQueue();
    const events = await openEvents();
    const seen = [];
    for (const event of ['added', 'waiting', 'active', 'completed']) {
      events.on(event, ({ jobId }) => seen.push(`${event} ${jobId}`));
    }
    await events.waitUntilReady();
    openWorker(async () => 'done');
    await queue.add('cars', {}, { jobId: 'red' });
    await eventually(() => seen.includes('completed red'));
    assert.deepEqual(seen, ['added red', 'waiting red', 'active red', 'completed red']);
  });

  it('publishes events of its user', async () => {
    const events = await openEvents();
    const painted = next(events, 'painted');
    await events.waitUntilReady();
    await open(QueueEventsProducer, queueName, { connection }).publishEvent({ eventName: 'painted', color: 'blue' });
    assert.deepEqual((await painted)[0], { color: 'blue' });
  });

  it('runs a parent after its children', async () => {
    const flow = open(FlowProducer, { connection });
    const worker = openWorker(async job =>
      job.name === 'car' ? Object.values(await job.getChildrenValues()) : job.data.part,
    );
    const names = [];
    worker.on('completed', (job, result) => names.push([job.name, result]));
    const tree = await flow.add({
      name: 'car',
      queueName,
      children: [{ name: 'door', queueName, data: { part: 'door' } }],
    });
    assert.equal(tree.children[0].job.name, 'door');
    await eventually(() => names.length === 2);
    assert.deepEqual(names, [['door', 'door'], ['car', ['door']]]);
  });

  it('finishes its job before it closes', async () => {
    const queue = openQueue();
    let release;
    let started;
    const running = new Promise(resolve => (started = resolve));
    const worker = openWorker(
      () =>
        new Promise(resolve => {
          release = resolve;
          started();
        }),
    );
    const job = await queue.add('cars', {});
    await within(running, 'the job');
    const closing = worker.close();
    release('done');
    await within(closing, 'the close');
    assert.equal(await job.getState(), 'completed');
  });
});
