// bench/bullmq/driver.mjs with bee-queue, which has a format of its own; "fill" is for the "process" of this driver.
import {
  addInLanes, atOnce, bulks, jobs, packageNamed, payload, port, quantiles, scenario, startStopwatch, waitForEach,
  waitForGo, warmUpPart,
} from './line_protocol.mjs';

const BeeQueue = packageNamed('bee-queue');
const redis = { host: '127.0.0.1', port };
// As its manual advises for producers and workers that wait for no result.
const alone = { redis, getEvents: false, storeJobs: false };
const openProducer = name => new BeeQueue(name, { ...alone, isWorker: false }).ready();

const addAll = (queue, count) => addInLanes(count, number => queue.createJob(payload(number)).save());

async function addAllInBulk(queue, count) {
  for (const numbers of bulks(count)) {
    const errors = await queue.saveAll(numbers.map(number => queue.createJob(payload(number))));
    if (errors.size > 0) throw [...errors.values()][0];
  }
}

async function addScenario() {
  const warm = await openProducer('warm');
  const queue = await openProducer('bench');
  const run = scenario === 'add' ? addAll : addAllInBulk;
  await run(warm, jobs / warmUpPart);
  if (scenario === 'fill') {
    await run(queue, jobs);
    return;
  }
  await waitForGo();
  const report = startStopwatch();
  await run(queue, jobs);
  console.log(JSON.stringify(report(jobs)));
}

function processAll(queue, count) {
  return new Promise((resolve, reject) => {
    let left = count;
    queue.on('error', reject);
    queue.on('succeeded', () => {
      if (--left === 0) resolve();
    });
    queue.process(atOnce, async () => null);
  });
}

async function processScenario() {
  const warm = await new BeeQueue('warm', alone).ready();
  await processAll(warm, jobs / warmUpPart);
  await warm.close();
  const queue = await new BeeQueue('bench', alone).ready();
  await waitForGo();
  const report = startStopwatch();
  await processAll(queue, jobs);
  console.log(JSON.stringify(report(jobs)));
  await queue.close();
}

async function latencyScenario() {
  const queue = await new BeeQueue('bench', { redis, isWorker: false }).ready();
  const worker = await new BeeQueue('bench', alone).ready();
  worker.process(atOnce, async () => null);
  const addAndWait = async number => {
    const job = queue.createJob(payload(number));
    const finished = new Promise((resolve, reject) => job.on('succeeded', resolve).on('failed', reject));
    await job.save();
    await finished;
  };
  await waitForEach(jobs / warmUpPart, addAndWait);
  await waitForGo();
  const report = startStopwatch();
  const waits = await waitForEach(jobs, addAndWait);
  console.log(JSON.stringify({ ...report(jobs), ...quantiles(waits) }));
  await Promise.all([queue.close(), worker.close()]);
}

if (scenario === 'process') await processScenario();
else if (scenario === 'latency') await latencyScenario();
else await addScenario();
process.exit(0);
