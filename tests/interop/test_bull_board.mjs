// The bull-board dashboard over jobs of the native client: what its page shows is what the client did, and what an
// operator does there, the client sees. BULLMQ_IMPL says which client is meant (shim.mjs). Screenshots go to
// SHUNT_SCREENSHOTS.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { startRedis } from '../support/redis_server.mjs';
import { eventually } from '../support/waiting.mjs';
import { startBoard, startBrowser } from './bull_board.mjs';
import { implementation, Queue, QueueEvents, Worker } from './shim.mjs';

const HOUR = 3600000;
const screenshots = process.env.SHUNT_SCREENSHOTS;
let redis, browser, page, board, queue;
let opened = [];
let queues = 0;

before(async () => {
  [redis, browser] = await Promise.all([startRedis(), startBrowser()]);
  page = browser.page;
});

after(async () => {
  await browser?.close();
  await redis?.close();
});

// A queue of the test's own, and bull-board for it.
async function openQueue() {
  const name = `paint-${++queues}`;
  board = await startBoard(name, redis.connection);
  queue = open(Queue, name);
  opened.push(board);
}

function open(type, ...args) {
  const made = new type(...args, { connection: redis.connection, ...(type === Worker && { name: 'brush' }) });
  opened.push(made);
  return made;
}

async function closeAll() {
  await Promise.all(opened.map(made => made.close()));
  opened = [];
}

const inState = (job, state) => eventually(async () => (await queue.getJobState(job.id)) === state, `job in ${state}`);

// The page: its tabs carry the counts, each job is a card.
// goto does not wait for more than the answer: who looks for something waits for that.
const show = (state = '') => page.goto(board.url + (state && `?status=${state}`), { waitUntil: 'commit' });
const tab = state => page.locator(`a[href$="?status=${state}"]`).first();
const card = job => page.locator('main [class*="card-"]').filter({ has: page.getByText(`#${job.id}`, { exact: true }) });
const icon = (job, name) => card(job).locator(`button:has(svg.lucide-${name})`);
const confirm = () => press(page.getByRole('button', { name: 'Confirm' }));

async function shows(locator, ...texts) {
  await orTell(`the text ${JSON.stringify(texts)}`, async () => {
    await locator.waitFor();
    await eventually(async () => {
      const seen = (await locator.innerText()).replace(/\s+/g, ' ');
      return texts.every(text => seen.includes(text));
    }, 'the text');
  });
}

const press = locator => orTell(`a click on ${locator}`, () => locator.click());

// A failure says what the page shows instead.
async function orTell(wanted, step) {
  try {
    await step();
  } catch (error) {
    const seen = await page.locator('body').innerText();
    await screenshot('failure').catch(() => {});
    throw new Error(`${wanted} failed on ${page.url()}, which shows: ${seen}\n${browser.said.join('\n')}`, { cause: error });
  }
}

async function openTab(job, name) {
  await press(card(job).getByRole('tab', { name }));
  return card(job).getByRole('tabpanel', { name });
}

async function screenshot(name) {
  if (screenshots) {
    mkdirSync(screenshots, { recursive: true });
    await page.screenshot({ path: join(screenshots, `${name}.png`) });
  }
}

describe(`bull-board shows jobs of ${implementation}`, () => {
  const jobs = {};
  let release;

  before(async () => {
    await openQueue();
    open(Worker, queue.name, async job => {
      await job.log(`first coat of ${job.name}`);
      await job.log('second coat');
      if (job.name === 'broken') {
        throw new TypeError('no paint left');
      }
      await job.updateProgress(job.name === 'held' ? 42 : { coats: 2 });
      if (job.name === 'held') {
        await new Promise(resolve => (release = resolve));
      }
      return { painted: job.data.color };
    });
    jobs.done = await queue.add('done', { color: 'ž blue' });
    jobs.broken = await queue.add('broken', { color: 'red' }, { attempts: 2 });
    await Promise.all([inState(jobs.done, 'completed'), inState(jobs.broken, 'failed')]);
    jobs.held = await queue.add('held', { color: 'green' });
    await eventually(() => release, 'a job in work');
    jobs.waits = await queue.add('waits', { color: 'white' });
    jobs.later = await queue.add('later', { color: 'black' }, { delay: HOUR });
    jobs.first = await queue.add('first', { color: 'gold' }, { priority: 5 });
    jobs.second = await queue.add('second', { color: 'grey' }, { priority: 9 });
    await show();
  });

  after(async () => {
    release?.();
    await closeAll();
  });

  it('counts them per state, as the client does', async () => {
    const counts = { active: 1, waiting: 1, prioritized: 2, completed: 1, failed: 1, delayed: 1 };
    await press(page.getByText('LATEST'));
    for (const [state, count] of Object.entries(counts)) {
      await shows(tab(state), String(count));
    }
    await shows(page.locator('main'), ...Object.keys(jobs));
    assert.deepEqual(await queue.getJobCounts(...Object.keys(counts)), counts);
    await screenshot('all');
  });

  it('a completed one with data, result, progress, logs and worker', async () => {
    await press(tab('completed'));
    await shows(card(jobs.done), 'done', 'jobData:{ color:"ž blue" }', 'returnValue:{ painted:"ž blue" }');
    await shows(card(jobs.done), 'Added at', 'Process started at', 'by brush', 'Finished at');
    await shows(await openTab(jobs.done, 'Progress'), 'coats:2');
    await shows(await openTab(jobs.done, 'Logs'), 'first coat of done', 'second coat');
    await screenshot('completed');
  });

  it('an active one with its progress so far', async () => {
    await press(tab('active'));
    await shows(card(jobs.held), 'held', 'color:"green"', '42%', 'Process started at', 'by brush');
    await shows(await openTab(jobs.held, 'Logs'), 'first coat of held');
    await screenshot('active');
  });

  it('a failed one with its error and a stack for each attempt', async () => {
    await press(tab('failed'));
    const errors = card(jobs.broken).getByRole('tabpanel', { name: 'Error' });
    await shows(errors, 'TypeError: no paint left', 'test_bull_board.mjs');
    assert.equal((await errors.innerText()).split('TypeError: no paint left').length - 1, 2);
    await shows(card(jobs.broken), 'broken', 'Failed at');
    await screenshot('failed');
  });

  it('a delayed one with its time, and the priorities', async () => {
    await press(tab('delayed'));
    await shows(card(jobs.later), 'later', 'Will run at');
    await press(tab('prioritized'));
    await shows(card(jobs.first), 'first', 'priority 5');
    await shows(card(jobs.second), 'second', 'priority 9');
    await screenshot('prioritized');
  });

  it('the connected worker by its name', async () => {
    await press(page.getByRole('button', { name: 'Queue info' }));
    await press(page.getByRole('dialog').getByText('Connected workers'));
    await shows(page.getByRole('dialog'), 'brush');
    await screenshot('workers');
  });
});

describe(`what is done in bull-board, ${implementation} sees`, () => {
  beforeEach(openQueue);
  afterEach(closeAll);

  it('a failed job that is retried runs again', async () => {
    let calls = 0;
    open(Worker, queue.name, async () => {
      if (++calls === 1) {
        throw new Error('no paint left');
      }
      return 'painted';
    });
    const job = await queue.add('broken', {});
    await inState(job, 'failed');
    await show('failed');
    await press(icon(job, 'refresh-cw'));
    await confirm();
    await inState(job, 'completed');
    assert.equal((await queue.getJob(job.id)).returnvalue, 'painted');
    await press(tab('completed'));
    await shows(card(job), 'Finished at');
    await screenshot('retried');
  });

  it('a delayed job that is promoted runs at once', async () => {
    open(Worker, queue.name, async () => 'painted');
    const job = await queue.add('later', {}, { delay: HOUR });
    await show('delayed');
    await press(icon(job, 'corner-up-left'));
    await confirm();
    await inState(job, 'completed');
  });

  it('cleaned jobs are gone, the others stay', async () => {
    const events = open(QueueEvents, queue.name);
    await events.waitUntilReady();
    let cleaned = 0;
    events.on('cleaned', ({ count }) => (cleaned = Number(count)));
    // bull-board spares what is younger than five seconds.
    const old = { delay: 2 * HOUR, timestamp: Date.now() - HOUR };
    const [gone, stays] = [await queue.add('gone', {}, old), await queue.add('stays', {})];
    await show('delayed');
    await shows(card(gone), 'gone');
    await press(page.getByRole('button', { name: 'Clean all' }));
    await confirm();
    await eventually(async () => !(await queue.getJob(gone.id)), 'a job that is gone');
    await eventually(() => cleaned === 1, 'the event cleaned');
    assert.deepEqual(await queue.getJobCounts('delayed', 'waiting'), { delayed: 0, waiting: 1 });
    await press(tab('waiting'));
    await press(icon(stays, 'trash2'));
    await confirm();
    await eventually(async () => !(await queue.getJob(stays.id)), 'the other one gone as well');
  });

  it('a paused queue rests until it is resumed', async () => {
    const menu = page.locator('main button[aria-haspopup="menu"]').first();
    await show();
    await press(menu);
    await press(page.getByRole('menuitem', { name: 'Pause' }));
    await confirm();
    await eventually(() => queue.isPaused(), 'a paused queue');
    open(Worker, queue.name, async () => 'painted');
    const job = await queue.add('waits', {});
    await press(tab('waiting'));
    await shows(card(job), 'waits');
    await shows(page.getByRole('navigation').first(), 'Paused');
    assert.equal(await queue.getJobState(job.id), 'waiting');
    await screenshot('paused');
    await press(menu);
    await press(page.getByRole('menuitem', { name: 'Resume' }));
    await confirm();
    await inState(job, 'completed');
    assert.equal(await queue.isPaused(), false);
  });

  it('a job that is added there is worked on here', async () => {
    const seen = [];
    open(Worker, queue.name, async job => void seen.push(job.data));
    await show();
    await press(page.locator('main button[aria-haspopup="menu"]').first());
    await press(page.getByRole('menuitem', { name: 'Add job' }));
    await page.getByRole('dialog').waitFor();
    await screenshot('add-job');
    await press(page.getByRole('dialog').getByRole('button', { name: 'Add' }));
    await eventually(() => seen.length === 1, 'the job');
  });
});
