// The Node side of ./bench/run bullmq: what driver.cpp does, with the npm package.
//   node driver.mjs PACKAGES_FOLDER PORT SCENARIO JOBS AT_ONCE PAYLOAD_BYTES
import {
  addInLanes, atOnce, bulks, jobs, packageNamed, payload, port, quantiles, scenario, startStopwatch, waitForEach,
  waitForGo, waitForStop, warmUpPart,
} from '../peers/line_protocol.mjs';

const { Queue, QueueEvents, Worker } = packageNamed('bullmq');
const connection = { host: '127.0.0.1', port };

const addAll = (queue, count) => addInLanes(count, number => queue.add('job', payload(number)));

async function addAllInBulk(queue, count) {
  for (const numbers of bulks(count)) await queue.addBulk(numbers.map(n => ({ name: 'job', data: payload(n) })));
}

async function addScenario() {
  const warm = new Queue('warm', { connection });
  const queue = new Queue('bench', { connection });
  await queue.waitUntilReady();
  const run = scenario === 'add' ? addAll : addAllInBulk;
  await run(warm, jobs / warmUpPart);
  await waitForGo();
  const report = startStopwatch();
  await run(queue, jobs);
  console.log(JSON.stringify(report(jobs)));
  await warm.close();
  await queue.close();
}

const openWorker = name => new Worker(name, async () => null, { connection, concurrency: atOnce, autorun: false });

function processAll(worker, count) {
  return new Promise((resolve, reject) => {
    let left = count;
    worker.on('completed', () => {
      if (--left === 0) resolve();
    });
    worker.run().catch(reject);
  });
}

async function processScenario() {
  const warm = openWorker('warm');
  await processAll(warm, jobs / warmUpPart);
  await warm.close();
  const worker = openWorker('bench');
  await worker.waitUntilReady();
  await waitForGo();
  const report = startStopwatch();
  await processAll(worker, jobs);
  console.log(JSON.stringify(report(jobs)));
  await worker.close();
}

// One of several processes that work on one queue until they are told to stop. Nobody else may take the jobs by which
// it warms up, so they are in a queue of its own.
async function shareScenario() {
  const warmName = `warm-${process.pid}`;
  const warmQueue = new Queue(warmName, { connection });
  await addAllInBulk(warmQueue, jobs / warmUpPart);
  const warm = openWorker(warmName);
  await processAll(warm, jobs / warmUpPart);
  await warm.close();
  await warmQueue.close();
  const worker = openWorker('bench');
  await worker.waitUntilReady();
  let done = 0;
  worker.on('completed', () => done++);
  await waitForGo();
  const report = startStopwatch();
  worker.run();
  await waitForStop();
  console.log(JSON.stringify(report(done)));
  await worker.close();
}

async function latencyScenario() {
  const queue = new Queue('bench', { connection });
  const events = new QueueEvents('bench', { connection });
  const worker = openWorker('bench');
  await Promise.all([events.waitUntilReady(), worker.waitUntilReady()]);
  const running = worker.run();
  const addAndWait = async number => {
    const job = await queue.add('job', payload(number));
    await job.waitUntilFinished(events);
  };
  await waitForEach(jobs / warmUpPart, addAndWait);
  await waitForGo();
  const report = startStopwatch();
  const waits = await waitForEach(jobs, addAndWait);
  console.log(JSON.stringify({ ...report(jobs), ...quantiles(waits) }));
  await Promise.all([worker.close(), events.close(), queue.close()]);
  await running;
}

if (scenario === 'process') await processScenario();
else if (scenario === 'share') await shareScenario();
else if (scenario === 'latency') await latencyScenario();
else await addScenario();
process.exit(0);
