// The real bull-board over npm's own Queue, and a page of it in Debian's Chromium. Everything is on loopback, on ports
// that the system picked, and gone after close().
import { once } from 'node:events';
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import * as npm from 'bullmq';
import express from 'express';
import { chromium } from 'playwright-core';
import { patience } from '../support/waiting.mjs';

// bull-board as an operator would set it up, and the address of its page for the queue.
export async function startBoard(queueName, connection) {
  const queue = new npm.Queue(queueName, { connection });
  const adapter = new ExpressAdapter();
  createBullBoard({ queues: [new BullMQAdapter(queue)], serverAdapter: adapter });
  const server = express().use(adapter.getRouter()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}/queue/${queueName}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await queue.close();
    },
  };
}

export async function startBrowser() {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox', // it refuses root
      '--disable-dev-shm-usage', // it is small in a container
      '--disable-gpu',
      // The page wants a font from elsewhere; where no answer comes it would wait for that. No name but ours resolves.
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
    timeout: 2 * patience,
  });
  const context = await browser.newContext({
    locale: 'en-US',
    viewport: { width: 1400, height: 1000 },
    reducedMotion: 'reduce', // a click waits until what it hits stands still
  });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  const said = []; // what went wrong on the page, for the message of a failure
  page.on('console', message => message.type() === 'error' && said.push(`console: ${message.text()}`));
  page.on('pageerror', error => said.push(`error: ${error.message}`));
  page.on('requestfailed', request => said.push(`${request.url()}: ${request.failure()?.errorText}`));
  return { page, said, close: () => browser.close() };
}
