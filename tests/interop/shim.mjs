// The npm package's classes over a bullmq-remote child process, so that a test written for npm bullmq runs against the
// native client by importing this file instead. BULLMQ_IMPL says what the names stand for:
//   node   the npm package itself
//   cpp    the program that SHUNT_BULLMQ_REMOTE names (without it node_remote.mjs, which tests this file)
//   mix    npm's Queue and producers, the native Worker and QueueEvents; mix-reversed the other way round
// Differences that remain: what npm throws from a constructor, the shim throws from the first call; answers that npm
// gives at once (worker.isPaused(), cancelJob()) are promises.
import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as npm from 'bullmq';

const errorTypes = {
  DelayedError: npm.DelayedError,
  RateLimitError: npm.RateLimitError,
  UnrecoverableError: npm.UnrecoverableError,
  WaitingChildrenError: npm.WaitingChildrenError,
  WaitingError: npm.WaitingError,
};

// The child process. It keeps this one alive only while some object is open.
class Channel {
  answers = new Map();
  objects = new Map();
  running = new Map();
  lastId = 0;
  open = 0;
  rest = '';

  start() {
    const binary = process.env.SHUNT_BULLMQ_REMOTE;
    const script = join(dirname(fileURLToPath(import.meta.url)), 'node_remote.mjs');
    this.child = binary
      ? spawn(binary, [], { stdio: ['pipe', 'pipe', 'inherit'] })
      : spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdout.setEncoding('utf8').on('data', chunk => this.read(chunk));
    this.child.on('exit', code => this.ended(new Error(`bullmq-remote ended with ${code}`)));
    this.child.stdin.on('error', () => {}); // 'exit' tells it
    process.on('exit', () => this.child.kill());
    this.child.unref();
    this.child.stdin.unref();
    this.child.stdout.unref();
  }

  hold() {
    if (!this.child) {
      this.start();
    }
    if (this.open++ === 0) {
      this.child.stdout.ref();
    }
  }

  release() {
    if (--this.open === 0) {
      this.child.stdout.unref();
    }
  }

  send(message) {
    this.child.stdin.write(JSON.stringify(message) + '\n');
  }

  ask(request) {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.answers.set(id, { resolve, reject });
      this.send({ id, ...request });
    });
  }

  read(chunk) {
    const lines = (this.rest + chunk).split('\n');
    this.rest = lines.pop();
    for (const line of lines) {
      this.take(JSON.parse(line));
    }
  }

  take(message) {
    if (message.process) {
      this.run(message.process);
    } else if (message.cancel) {
      this.running.get(message.cancel.call)?.abort(message.cancel.reason ?? undefined);
    } else if (message.event) {
      this.objects.get(message.from)?.receive(message.event, message.args);
    } else {
      const { resolve, reject } = this.answers.get(message.id);
      this.answers.delete(message.id);
      message.error ? reject(toError(message.error)) : resolve(message.ok);
    }
  }

  async run({ call, worker: name, job: fields, token }) {
    const controller = new AbortController();
    this.running.set(call, controller);
    const worker = this.objects.get(name);
    try {
      const job = worker.decode(fields);
      job.token = token;
      this.send({ call, resolve: await worker.processor(job, token, controller.signal) });
    } catch (error) {
      const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
      this.send({ call, reject: { name, message, stack } });
    } finally {
      this.running.delete(call);
    }
  }

  ended(error) {
    this.answers.forEach(({ reject }) => reject(error));
    this.answers.clear();
  }
}

const channel = new Channel();

function toError({ name, message, code }) {
  const error = errorTypes[name] ? new errorTypes[name](message) : new Error(message);
  if (error.name !== name) {
    error.name = name;
  }
  if (code !== undefined && code !== null) {
    error.code = code;
  }
  return error;
}

function connectionUrl({ url, host = '127.0.0.1', port = 6379, username = '', password, db = 0 } = {}) {
  const login = password ? `${username}:${encodeURIComponent(password)}@` : '';
  return { url: url ?? `redis://${login}${host}:${port}/${db}` };
}

// The public methods of an npm class, so that the shim offers neither more nor less.
function methodsOf(type) {
  const names = new Set();
  for (let proto = type.prototype; proto && proto !== EventEmitter.prototype && proto !== Object.prototype; ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(proto))) {
      if (typeof value === 'function' && name !== 'constructor' && !(name in EventEmitter.prototype)) {
        names.add(name);
      }
    }
    proto = Object.getPrototypeOf(proto);
  }
  return names;
}

let names = 0;

class RemoteObject extends EventEmitter {
  constructor(kind, args) {
    super();
    this.handle = `${kind}${++names}`;
    channel.hold();
    channel.objects.set(this.handle, this);
    this.made = channel.ask({ new: kind, as: this.handle, args });
    this.made.catch(() => this.gone());
    this.on('newListener', event => this.subscribe('on', event));
    this.on('removeListener', event => this.listenerCount(event) === 0 && this.subscribe('off', event));
  }

  // QueueEvents also emits completed:<id>, which is made here out of completed.
  subscribe(call, event) {
    const [name, id] = String(event).split(':');
    if (['newListener', 'removeListener'].includes(name) || (id && call === 'off')) {
      return;
    }
    channel.ask({ on: this.handle, call, args: [name] }).catch(() => {});
  }

  receive(event, args) {
    const decoded = args.map(value => this.decode(value));
    if (event !== 'error' || this.listenerCount('error') > 0) {
      this.emit(event, ...decoded);
    }
    if (decoded[0]?.jobId !== undefined) {
      this.emit(`${event}:${decoded[0].jobId}`, ...decoded);
    }
  }

  async invoke(call, args) {
    await this.made;
    return this.decode(await channel.ask({ on: this.handle, call, args }));
  }

  decode(value) {
    if (Array.isArray(value)) {
      return value.map(item => this.decode(item));
    }
    if (value === null || typeof value !== 'object') {
      return value;
    }
    if (value.$job) {
      return new RemoteJob(this, value.$job);
    }
    if (value.$error) {
      return toError(value.$error);
    }
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.decode(item)]));
  }

  gone() {
    if (channel.objects.delete(this.handle)) {
      channel.release();
    }
  }

  close(...args) {
    const made = this.made.then(() => true, () => false); // what was refused has nothing to close
    this.closing ??= made.then(yes => yes && this.invoke('close', args)).finally(() => this.gone());
    return this.closing;
  }

  disconnect() {
    return this.close();
  }
}

class RemoteJob {
  constructor(owner, fields) {
    Object.defineProperty(this, 'owner', { value: owner, enumerable: false });
    Object.assign(this, { returnvalue: null, stacktrace: null, progress: 0, delay: 0, priority: 0 }, fields);
  }

  static fromId(queue, id) {
    return queue.getJob(id);
  }

  static create(queue, name, data, opts) {
    return queue.add(name, data, opts);
  }

  async invoke(call, args) {
    const on = { job: this.id, of: this.owner.handle };
    return this.owner.decode(await channel.ask({ on, call, args }));
  }

  async updateData(data) {
    this.data = data;
    await this.invoke('updateData', [data]);
  }

  async updateProgress(progress) {
    this.progress = progress;
    await this.invoke('updateProgress', [progress]);
  }

  waitUntilFinished(queueEvents, ttl) {
    if (queueEvents instanceof RemoteObject) {
      return this.invoke('waitUntilFinished', [{ $ref: queueEvents.handle }, ...(ttl ? [ttl] : [])]);
    }
    return this.waitWithNpm(queueEvents, ttl);
  }

  // The native queue's job beside npm's QueueEvents.
  async waitWithNpm(queueEvents, ttl) {
    await queueEvents.waitUntilReady();
    return new Promise((resolve, reject) => {
      const timer = ttl && setTimeout(() => settle(() => reject(new Error(`Job wait ${this.name} timed out`))), ttl);
      const completed = ({ returnvalue }) => settle(() => resolve(returnvalue));
      const failed = ({ failedReason }) => settle(() => reject(new Error(failedReason)));
      const settle = how => {
        clearTimeout(timer);
        queueEvents.off(`completed:${this.id}`, completed).off(`failed:${this.id}`, failed);
        how();
      };
      queueEvents.on(`completed:${this.id}`, completed).on(`failed:${this.id}`, failed);
      this.owner.getJob(this.id).then(job => {
        job?.failedReason && job.finishedOn && failed(job);
        !job?.failedReason && job?.finishedOn && completed(job);
      }, reject);
    });
  }

  toJSON() {
    return { ...this };
  }
}

function offer(type, like) {
  for (const name of methodsOf(like)) {
    if (!(name in type.prototype)) {
      type.prototype[name] = function (...args) {
        return this.invoke(name, args);
      };
    }
  }
  return type;
}

const withConnection = opts => ({ ...opts, connection: connectionUrl(opts?.connection) });

class RemoteQueue extends RemoteObject {
  constructor(name, opts) {
    super('Queue', [name, withConnection(opts)]);
    Object.assign(this, { name, opts });
  }
}

class RemoteWorker extends RemoteObject {
  constructor(name, processor, opts) {
    super('Worker', [name, processor ? 'remote' : null, withConnection(opts)]);
    Object.assign(this, { name, opts, processor, limit: opts?.concurrency ?? 1 });
  }

  get concurrency() {
    return this.limit;
  }

  set concurrency(value) {
    this.limit = value;
    channel.ask({ set: this.handle, prop: 'concurrency', value }).catch(error => this.receive('error', [error]));
  }

  static RateLimitError() {
    return new npm.RateLimitError();
  }
}

class RemoteQueueEvents extends RemoteObject {
  constructor(name, opts) {
    super('QueueEvents', [name, withConnection(opts)]);
    Object.assign(this, { name, opts });
  }
}

class RemoteQueueEventsProducer extends RemoteObject {
  constructor(name, opts) {
    super('QueueEventsProducer', [name, withConnection(opts)]);
    Object.assign(this, { name, opts });
  }
}

class RemoteFlowProducer extends RemoteObject {
  constructor(opts) {
    super('FlowProducer', [withConnection(opts)]);
    this.opts = opts;
  }
}

offer(RemoteJob, npm.Job);
const remote = {
  Queue: offer(RemoteQueue, npm.Queue),
  Worker: offer(RemoteWorker, npm.Worker),
  QueueEvents: offer(RemoteQueueEvents, npm.QueueEvents),
  QueueEventsProducer: offer(RemoteQueueEventsProducer, npm.QueueEventsProducer),
  FlowProducer: offer(RemoteFlowProducer, npm.FlowProducer),
  Job: RemoteJob,
};

const adding = { node: npm, cpp: remote, mix: npm, 'mix-reversed': remote };
const working = { node: npm, cpp: remote, mix: remote, 'mix-reversed': npm };
export const implementation = process.env.BULLMQ_IMPL ?? 'node';
if (!adding[implementation]) {
  throw new Error(`BULLMQ_IMPL must be one of ${Object.keys(adding)}, not ${implementation}`);
}

export const { Queue, QueueEventsProducer, FlowProducer, Job } = adding[implementation];
export const { Worker, QueueEvents } = working[implementation];
export const { DelayedError, RateLimitError, UnrecoverableError, WaitingChildrenError, WaitingError } = npm;
