// The line protocol of bullmq-remote over the real npm bullmq: one JSON object a line, both ways, so that a test
// drives Node's client and the native one with the same requests. README.md lists what the protocol leaves open.
import {
  DelayedError,
  FlowProducer,
  Job,
  Queue,
  QueueEvents,
  QueueEventsProducer,
  RateLimitError,
  UnrecoverableError,
  WaitingChildrenError,
  WaitingError,
  Worker,
} from 'bullmq';

const classes = { Queue, Worker, QueueEvents, QueueEventsProducer, FlowProducer };
const errors = { DelayedError, RateLimitError, UnrecoverableError, WaitingChildrenError, WaitingError };

console.log = console.info = console.error; // stdout belongs to the protocol

const objects = new Map(); // name -> Handle
const running = new Map(); // call -> { resolve, reject }
let lastCall = 0;
let unanswerable = () => {}; // called when a processor starts; after the end of input nobody would answer it

const send = message => process.stdout.write(JSON.stringify(message) + '\n');

class NotSupported extends Error {
  name = 'NotSupported';
}

// What the caller knows by one name: the object, its event subscriptions, and the jobs that are in its processors or
// were fetched by hand, whose instances (and tokens) must stay the same until they are finished.
class Handle {
  listeners = new Map();
  held = new Map();
  constructor(kind, target) {
    this.kind = kind;
    this.target = target;
  }
}

const jobFields = [
  'id', 'name', 'data', 'opts', 'progress', 'attemptsMade', 'attemptsStarted', 'timestamp', 'delay', 'priority',
  'processedOn', 'finishedOn', 'returnvalue', 'failedReason', 'stacktrace', 'parent', 'parentKey', 'repeatJobKey',
  'deduplicationId', 'processedBy', 'stalledCounter', 'queueName', 'token',
];

function encodeJob(job) {
  const out = {};
  for (const field of jobFields) {
    if (job[field] !== undefined && job[field] !== null) {
      out[field] = job[field];
    }
  }
  return { $job: out };
}

function encodeError(error) {
  if (!(error instanceof Error)) {
    return { name: 'Error', message: String(error) };
  }
  const out = { name: error.name, message: error.message };
  if (error.code !== undefined) {
    out.code = error.code;
  }
  return out;
}

function encode(value) {
  if (value === undefined || value === null) {
    return null;
  }
  if (value instanceof Job) {
    return encodeJob(value);
  }
  if (value instanceof Error) {
    return { $error: encodeError(value) };
  }
  if (Array.isArray(value)) {
    return value.map(encode);
  }
  if (typeof value === 'object') {
    const proto = Object.getPrototypeOf(value);
    if (proto !== Object.prototype && proto !== null) {
      return null; // a connection, a queue: nothing that a line of JSON can carry
    }
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, encode(item)]));
  }
  return typeof value === 'function' ? null : value;
}

function decodeError({ name, message, stack } = {}) {
  const error = errors[name] ? new errors[name](message) : new Error(message);
  if (name && error.name !== name) {
    error.name = name;
  }
  if (stack !== undefined) {
    error.stack = stack;
  }
  return error;
}

// Runs a job at the caller's. Three parameters: that is how bullmq learns that a processor wants the signal.
function remoteProcessor(name) {
  return (job, token, signal) => {
    const call = ++lastCall;
    const handle = objects.get(name);
    handle.held.set(job.id, job);
    const cancelled = () => send({ cancel: { call, reason: encode(signal.reason) } });
    return new Promise((resolve, reject) => {
      running.set(call, { resolve, reject });
      unanswerable();
      send({ process: { call, worker: name, job: encodeJob(job), token } });
      signal?.addEventListener('abort', cancelled, { once: true });
      if (signal?.aborted) {
        cancelled();
      }
    }).finally(() => {
      signal?.removeEventListener('abort', cancelled);
      running.delete(call);
      if (handle.held.get(job.id) === job) {
        handle.held.delete(job.id);
      }
    });
  };
}

function construct({ new: kind, as, args = [] }) {
  const type = classes[kind];
  if (!type) {
    throw new NotSupported(`class ${kind}`);
  }
  if (objects.has(as)) {
    throw new Error(`the name ${as} is taken`);
  }
  if (kind === 'Worker') {
    args = [args[0], args[1] ? remoteProcessor(as) : null, ...args.slice(2)];
  }
  // Registered first: a worker may run its first job before this function returns.
  const handle = new Handle(kind, null);
  handle.target = new type(...args);
  objects.set(as, handle);
  handle.target.on('error', error => console.error(`${as}: ${error.stack}`));
  return null;
}

function handleOf(name) {
  const handle = objects.get(name);
  if (!handle) {
    throw new Error(`no object is named ${name}`);
  }
  return handle;
}

function subscribe(name, handle, call, [event]) {
  const listener = handle.listeners.get(event);
  if (call === 'on' && !listener) {
    const forward = (...args) => send({ event, from: name, args: args.map(encode) });
    handle.listeners.set(event, forward);
    handle.target.on(event, forward);
  } else if (call === 'off' && listener) {
    handle.target.off(event, listener);
    handle.listeners.delete(event);
  }
  return null;
}

// The instance that a processor holds, else the job as it is now. A job that is gone is a handle with nothing but an
// id, whose methods fail as they do on a stale instance.
async function findJob({ job: id, of }) {
  const handle = handleOf(of);
  return (
    handle.held.get(id) ??
    (await Job.fromId(handle.target, id)) ??
    new Job(handle.target, '', {}, {}, id)
  );
}

async function callMethod({ on, call, args = [] }) {
  if (typeof on === 'string' && (call === 'on' || call === 'off')) {
    return subscribe(on, handleOf(on), call, args);
  }
  const target = typeof on === 'string' ? handleOf(on).target : await findJob(on);
  if (typeof target[call] !== 'function' || call.startsWith('_')) {
    throw new NotSupported(`${target.constructor.name}.${call}`);
  }
  if (call === 'waitUntilFinished') {
    args = [handleOf(args[0].$ref).target, ...args.slice(1)];
  }
  if (call === 'moveToFailed' && typeof on !== 'string') {
    args = [decodeError(args[0]), ...args.slice(1)];
  }
  const result = await target[call](...args);
  if (typeof on === 'string' && call === 'getNextJob' && result) {
    handleOf(on).held.set(result.id, result);
  }
  if (typeof on !== 'string' && (call === 'moveToCompleted' || call === 'moveToFailed')) {
    objects.get(on.of)?.held.delete(on.job);
  }
  return encode(result);
}

async function closeHandle({ kind, target }) {
  await (kind === 'Worker' ? target.close(running.size > 0) : target.close());
}

function capabilities() {
  const members = type => {
    const names = new Set();
    for (let proto = type.prototype; proto && proto.constructor.name !== 'EventEmitter'; ) {
      Object.getOwnPropertyNames(proto).forEach(name => names.add(name));
      proto = Object.getPrototypeOf(proto);
    }
    names.delete('constructor');
    return [...names].filter(name => !name.startsWith('_')).sort();
  };
  return Object.fromEntries(Object.entries({ ...classes, Job }).map(([name, type]) => [name, members(type)]));
}

// Runs up to its first await before the next line is looked at, so requests take effect in the order they came.
async function answer(request) {
  if (request.new) {
    return construct(request);
  }
  if (request.free) {
    const handle = handleOf(request.free);
    objects.delete(request.free);
    await closeHandle(handle);
    return null;
  }
  if (request.get) {
    return encode(handleOf(request.get).target[request.prop]);
  }
  if (request.set) {
    handleOf(request.set).target[request.prop] = request.value;
    return null;
  }
  if (request.on) {
    return callMethod(request);
  }
  if (request.call === 'capabilities') {
    return capabilities();
  }
  throw new NotSupported(JSON.stringify(request));
}

function accept(line) {
  const message = JSON.parse(line);
  if (message.id === undefined) {
    const call = running.get(message.call);
    'reject' in message ? call?.reject(decodeError(message.reject)) : call?.resolve(message.resolve);
    return;
  }
  answer(message).then(
    ok => send({ id: message.id, ok: ok ?? null }),
    error => send({ id: message.id, error: encodeError(error) }),
  );
}

process.on('unhandledRejection', error => console.error('unhandled rejection', error));

let rest = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', chunk => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  for (const line of lines) {
    if (line) {
      try {
        accept(line);
      } catch (error) {
        console.error(`not the line protocol: ${error.message}: ${line}`);
        process.exit(2);
      }
    }
  }
});
process.stdin.on('end', async () => {
  // A job whose processor can no longer be answered is left as a crash would leave it: the stalled check finds it.
  const abandoned = new Promise(resolve => {
    unanswerable = resolve;
  });
  if (running.size === 0) {
    await Promise.race([Promise.allSettled([...objects.values()].map(closeHandle)), abandoned]);
  }
  process.exit(0);
});
