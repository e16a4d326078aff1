// What the Node drivers of ./bench/run bullmq share: arguments, payload, stopwatch and quantiles.
//   node DRIVER PACKAGES_FOLDER PORT SCENARIO JOBS AT_ONCE PAYLOAD_BYTES
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [packages, portText, scenarioName, ...numbers] = process.argv.slice(2);
export const port = Number(portText);
export const scenario = scenarioName;
export const [jobs, atOnce, payloadBytes] = numbers.map(Number);
export const packageNamed = name => createRequire(join(packages, 'package.json'))(name);

const text = 'x'.repeat(Math.max(0, payloadBytes - 24));
export const payload = number => ({ n: number, text });
// Before the work, this part of it is done on another queue, so that the compiler has seen all there is to see.
export const warmUpPart = 4;
const lines = process.stdin[Symbol.asyncIterator]();

export async function waitForGo() {
  console.log('ready');
  await lines.next();
}

export const waitForStop = () => lines.next();

export function startStopwatch() {
  const cpu = process.cpuUsage();
  const began = performance.now();
  return count => {
    const seconds = (performance.now() - began) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    return { jobs: count, seconds, cpu_seconds: (user + system) / 1e6 };
  };
}

// As many at a time as are to be in flight: addOne(number) adds one job.
export async function addInLanes(count, addOne) {
  let next = 0;
  const lane = async () => {
    while (next < count) await addOne(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane));
}

// The numbers of the jobs of one bulk after the other.
export function* bulks(count) {
  for (let begin = 0; begin < count; begin += atOnce)
    yield Array.from({ length: Math.min(atOnce, count - begin) }, (_, i) => begin + i);
}

// How long each of so many took; one begins when the one before has ended.
export async function waitForEach(count, addAndWait) {
  const waits = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const began = performance.now();
    await addAndWait(i);
    waits[i] = (performance.now() - began) * 1000;
  }
  return waits.sort();
}

export function quantiles(waits) {
  const quantile = q => waits[Math.min(waits.length - 1, Math.floor(q * waits.length))];
  return { p50_us: quantile(0.5), p99_us: quantile(0.99) };
}
