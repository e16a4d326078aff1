// Shunt and web pages, in Debian's Chromium: what a page of another origin can start, and what a page under a rebound name
// can read. Here because the browser's package is.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';

const patience = 40000;
const model = '\n[models.simulator]\ndriver = "simulator"\nfirst_token = "0ms"\ntoken_gap = "0ms"\n';
const body = JSON.stringify({ model: 'simulator', input: { prompt: 'started by a page' } });
const folder = mkdtempSync(join(tmpdir(), 'web-boundary-'));
const children = [];
let browser;
let pages; // serves an empty page on any name

async function startShunt(name, config) {
  const file = join(folder, `${name}.toml`);
  writeFileSync(file, config);
  const child = spawn(process.env.SHUNT_BIN, ['serve', '--listen', '127.0.0.1:0', '--config', file], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(child);
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return `http://127.0.0.1:${new URL(line.replace('listening on ', '')).port}`;
}

before(async () => {
  pages = createServer((_, answer) => answer.setHeader('Content-Type', 'text/html').end('<!doctype html><title>page</title>'));
  pages.listen(0, '127.0.0.1');
  await once(pages, 'listening');
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu',
      '--host-resolver-rules=MAP rebound.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
    timeout: 2 * patience,
  });
}, { timeout: 3 * patience });

after(async () => {
  await browser?.close();
  pages?.closeAllConnections();
  pages?.close();
  for (const child of children) {
    child.kill('SIGKILL');
  }
  rmSync(folder, { recursive: true, force: true });
});

async function pageAt(url) {
  const page = await browser.newPage();
  page.setDefaultTimeout(patience);
  const answer = await page.goto(url);
  return { page, answer };
}

const generations = async shunt => (await (await fetch(`${shunt}/v1/generations`)).json()).generations.length;
const strangerAt = name => `http://${name}:${pages.address().port}/`;

test('a page of another origin starts nothing and reads nothing', { timeout: 3 * patience }, async () => {
  const shunt = await startShunt('open', model);
  for (const origin of [strangerAt('127.0.0.1'), strangerAt('rebound.example')]) {
    const { page } = await pageAt(origin);
    const seen = await page.evaluate(async ([target, text]) => {
      const tried = [];
      const send = async options => {
        try {
          const answer = await fetch(target, options);
          tried.push(`${answer.type} ${answer.status}`);
        } catch {
          tried.push('failed');
        }
      };
      await send({ method: 'POST', mode: 'no-cors', body: text });
      await send({ method: 'POST', mode: 'no-cors', body: new Blob([text]) });
      await send({ method: 'POST', mode: 'no-cors', body: new URLSearchParams({ [text]: '' }) });
      await send({ method: 'POST', body: text, headers: { 'Content-Type': 'application/json' } });
      await send({ method: 'GET' });
      navigator.sendBeacon(target, text);
      navigator.sendBeacon(target, new Blob([text], { type: '' }));
      const form = document.body.appendChild(document.createElement('form'));
      const frame = document.createElement('iframe');
      frame.name = 'frame'; // before it is there: a target is looked up by the name that it came with
      document.body.appendChild(frame);
      Object.assign(form, { action: target, method: 'POST', enctype: 'text/plain', target: 'frame' });
      const field = form.appendChild(document.createElement('input'));
      field.name = text;
      const loaded = new Promise(resolve => { frame.onload = resolve; });
      form.submit();
      await loaded;
      await send({ method: 'GET', mode: 'no-cors' }); // behind the beacons
      return tried;
    }, [`${shunt}/v1/generations`, body]);
    assert.deepEqual(seen, ['opaque 0', 'opaque 0', 'opaque 0', 'failed', 'failed', 'opaque 0']);
    assert.equal(await generations(shunt), 0);
    await page.close();
  }
});

test('a name that was pointed at the server reads nothing', { timeout: 3 * patience }, async () => {
  const shunt = await startShunt('rebound', model);
  const port = new URL(shunt).port;
  for (const path of ['/v1/models', '/metrics', '/healthz', '/openapi.json', '/v1/generations']) {
    const { page, answer } = await pageAt(`http://rebound.example:${port}${path}`);
    assert.equal(answer.status(), 421, path);
    assert.ok(!(await answer.text()).includes('simulator'));
    const inside = await page.evaluate(async ([target, text]) => {
      const read = await fetch(target);
      const sent = await fetch('/v1/generations', { method: 'POST', body: text, headers: { 'Content-Type': 'application/json' } });
      return [read.status, sent.status];
    }, [path, body]);
    assert.deepEqual(inside, [421, 421]);
    await page.close();
  }
  assert.equal(await generations(shunt), 0);
});

test('a page of the server itself works', { timeout: 3 * patience }, async () => {
  const shunt = await startShunt('own', model);
  const { page, answer } = await pageAt(`${shunt}/`);
  assert.equal(answer.status(), 200);
  const statuses = await page.evaluate(async text => {
    const read = await fetch('/v1/models');
    const sent = await fetch('/v1/generations', { method: 'POST', body: text, headers: { 'Content-Type': 'application/json' } });
    return [read.status, sent.status];
  }, body);
  assert.deepEqual(statuses, [200, 200]);
  await page.close();
});

test('with keys a listed page uses the API, and another one reads nothing', { timeout: 3 * patience }, async () => {
  const hash = createHash('sha256').update('secret').digest('hex');
  const app = strangerAt('127.0.0.1').slice(0, -1);
  const shunt = await startShunt('keys', `[server]\ncors_origins = ["${app}"]\n[[server.keys]]\nname = "app"\nsha256 = "${hash}"\n${model}`);
  const use = async origin => {
    const { page } = await pageAt(origin);
    const seen = await page.evaluate(async ([target, text]) => {
      try {
        const answer = await fetch(target, { method: 'POST', body: text,
          headers: { 'Content-Type': 'application/json', Authorization: 'Bearer secret', 'Idempotency-Key': target } });
        return [answer.status, answer.headers.get('Location') !== null];
      } catch {
        return 'failed';
      }
    }, [`${shunt}/v1/generations`, body]);
    await page.close();
    return seen;
  };
  assert.deepEqual(await use(`${app}/`), [200, true]);
  assert.equal(await use(strangerAt('rebound.example')), 'failed');
});
