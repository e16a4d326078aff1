// The event log of a generation (docs/contract/event-log.md), for workers that send more than progress: text as it comes, logs,
// errors with a code, and that want to hear of a cancel. The scripts are Shunt's own.
import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';

const script = (name) => readFileSync(new URL(`../../executor/lua/${name}.lua`, import.meta.url), 'utf8');
const RETENTION_MS = 3_600_000;
const INBOX_ENTRIES = 10_000, INBOX_TTL_MS = 60_000;

export class LostError extends Error {}

/** One a process: its name, its inbox, and the logs of what it runs. */
export class EventLogs {
  constructor(url, prefix) {
    this.process = `worker-${randomUUID()}`;
    this.prefix = prefix;
    this.base = `${prefix}::gen:`;
    this.running = new Map();
    this.redis = new Redis(url);
    this.inbox = new Redis(url, { maxRetriesPerRequest: null });
    for (const name of ['begin', 'append']) this.redis.defineCommand(name, { numberOfKeys: 1, lua: script(name) });
    this.listening = this.#listen();
  }

  /** The log of a job's generation that this worker may run now; null when it has ended already. */
  async begin(job) {
    const envelope = job.data;
    const head = JSON.stringify({ ...envelope, input: {} });
    const queue = `${this.prefix}:${envelope.model.replaceAll(':', '%3A')}`;
    const left = Math.max(0, (envelope.deadline ?? Date.now() + 86_400_000) - Date.now());
    const [[kind, attempt, sequence, reason]] = await this.redis.begin(this.base, this.process,
      envelope.id, queue, head, left + RETENTION_MS, `${envelope.created_at} ${job.token}`);
    if (kind === 'ended') return null;
    if (kind === 'not_yours') throw new LostError(`the lock of ${envelope.id} is not this worker's any more`);
    const log = new EventLog(this, envelope.id, attempt, sequence);
    this.running.set(envelope.id, log);
    if (kind === 'cancelled') log.stop.abort(reason);
    else log.write(sequence > 1 ? { type: 'restarted', attempt } : { type: 'started' });
    return log;
  }

  /** "ok", "cancel:<why>" or "refused". The same batch twice does no harm, so it is sent until Redis answers. */
  async append(batch) {
    while (true) {
      try {
        return (await this.redis.append(this.base, INBOX_ENTRIES, INBOX_TTL_MS, ...batch))[0];
      } catch (error) {
        if (this.closed) throw error;
        await pause(100);
      }
    }
  }

  async close() {
    this.closed = true;
    this.inbox.disconnect();
    await this.listening;
    await this.redis.quit();
  }

  /** Other processes ask here to stop a generation. */
  async #listen() {
    let position = '0-0';
    while (!this.closed) {
      const read = await this.inbox
        .xread('BLOCK', 5_000, 'STREAMS', `${this.base}in:${this.process}`, position)
        .catch(() => null);
      for (const [id, fields] of read?.[0][1] ?? []) {
        position = id;
        for (let i = 0; i < fields.length; i += 2) {
          if (fields[i + 1].startsWith('cancel:')) this.running.get(fields[i])?.stop.abort(fields[i + 1].slice(7));
        }
      }
    }
  }
}

/** Writes in the order of its calls; while one append is on its way, the next batch gathers. */
class EventLog {
  stop = new AbortController();
  #waiting = [];
  #sending = null;

  constructor(logs, id, attempt, sequence) {
    Object.assign(this, { logs, id, attempt, sequence });
  }

  get signal() { return this.stop.signal; }
  delta(text) { this.write({ type: 'delta', text }); }
  progress(fraction, message) { this.write({ type: 'progress', fraction, message }); }

  /** The end: nothing may be written afterwards. Throws LostError when another worker has the generation by now. */
  async end(event) {
    this.write(event);
    await this.#sending;
    this.logs.running.delete(this.id);
    if (this.lost) throw new LostError(`${this.id} is not this worker's any more`);
  }

  write(event) {
    this.#waiting.push({ seq: ++this.sequence, at: new Date().toISOString(), ...event });
    this.#sending ??= this.#send().finally(() => { this.#sending = null; });
  }

  async #send() {
    await null; // what is written in this turn goes together
    while (this.#waiting.length > 0 && !this.lost) {
      const events = this.#waiting.splice(0);
      const last = events.at(-1).type;
      const ending = ['succeeded', 'failed', 'cancelled'].includes(last) ? last : '';
      const batch = [this.id, this.attempt, events[0].seq, events.length, JSON.stringify(events), ending, RETENTION_MS];
      const answer = await this.logs.append(batch);
      if (answer === 'refused') this.lost = true;
      if (answer.startsWith('cancel:') || this.lost) this.stop.abort(answer.slice(7));
    }
  }
}
