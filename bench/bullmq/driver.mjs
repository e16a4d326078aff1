// The Node side of ./bench/run bullmq: what driver.cpp does, with the npm package.
//   node driver.mjs PACKAGES_FOLDER PORT SCENARIO JOBS AT_ONCE PAYLOAD_BYTES
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [packages, port, scenario, ...numbers] = process.argv.slice(2);
const [jobs, atOnce, payloadBytes] = numbers.map(Number);
const { Queue, QueueEvents, Worker } = createRequire(join(packages, 'package.json'))('bullmq');

const connection = { host: '127.0.0.1', port: Number(port) };
const text = 'x'.repeat(Math.max(0, payloadBytes - 24));
const payload = number => ({ n: number, text });
// Before the work, this part of it is done on another queue, so that the compiler has seen all there is to see.
const warmUpPart = 4;
const lines = process.stdin[Symbol.asyncIterator]();

async function waitForGo() {
  console.log('ready');
  await lines.next();
}

function startStopwatch() {
  const cpu = process.cpuUsage();
  const began = performance.now();
  return count => {
    const seconds = (performance.now() - began) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    return { jobs: count, seconds, cpu_seconds: (user + system) / 1e6 };
  };
}

async function addAll(queue, count) {
  let next = 0;
  const lane = async () => {
    while (next < count) await queue.add('job', payload(next++));
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane));
}

async function addAllInBulk(queue, count) {
  for (let begin = 0; begin < count; begin += atOnce) {
    const length = Math.min(atOnce, count - begin);
    await queue.addBulk(Array.from({ length }, (_, i) => ({ name: 'job', data: payload(begin + i) })));
  }
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

async function waitForResults(queue, events, count) {
  const waits = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const began = performance.now();
    const job = await queue.add('job', payload(i));
    await job.waitUntilFinished(events);
    waits[i] = (performance.now() - began) * 1000;
  }
  return waits.sort();
}

async function latencyScenario() {
  const queue = new Queue('bench', { connection });
  const events = new QueueEvents('bench', { connection });
  const worker = openWorker('bench');
  await Promise.all([events.waitUntilReady(), worker.waitUntilReady()]);
  const running = worker.run();
  await waitForResults(queue, events, jobs / warmUpPart);
  await waitForGo();
  const report = startStopwatch();
  const waits = await waitForResults(queue, events, jobs);
  const quantile = q => waits[Math.min(waits.length - 1, Math.floor(q * waits.length))];
  console.log(JSON.stringify({ ...report(jobs), p50_us: quantile(0.5), p99_us: quantile(0.99) }));
  await Promise.all([worker.close(), events.close(), queue.close()]);
  await running;
}

if (scenario === 'process') await processScenario();
else if (scenario === 'latency') await latencyScenario();
else await addScenario();
process.exit(0);
