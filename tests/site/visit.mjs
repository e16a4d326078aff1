// visit.mjs ADDRESS PAGE...: opens each page at the width of a desk and of a telephone, in a light and in a dark scheme, and prints a
// JSON object a visit: what it asked other hosts for, its errors, how wide it is; of the first page also what a search finds.
import { createRequire } from 'node:module';

const require = createRequire(new URL('../interop/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const [address, ...pages] = process.argv.slice(2);
const patience = 40000;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
  timeout: 2 * patience,
});

async function search(tab) {
  await tab.keyboard.press('/');
  await tab.keyboard.type('idempotency');
  await tab.waitForSelector('.md-search-result__item', { timeout: patience });
  return await tab.locator('.md-search-result__item').count();
}

async function visit(context, page, width, scheme) {
  const tab = await context.newPage();
  const told = { page, scheme, foreign: [], errors: [] };
  tab.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(address) && !url.startsWith('data:') && !url.startsWith('blob:')) told.foreign.push(url);
  });
  tab.on('response', (response) => response.status() >= 400 && told.errors.push(`${response.status()} ${response.url()}`));
  tab.on('pageerror', (error) => told.errors.push(String(error)));
  await tab.goto(address + page, { waitUntil: 'load', timeout: patience });
  if (page === pages[0]) told.found = await search(tab);
  const seen = await tab.evaluate(() => ({
    width: document.documentElement.scrollWidth,
    shown: document.body.getAttribute('data-md-color-scheme'),
  }));
  console.log(JSON.stringify({ ...told, ...seen, window: width }));
  await tab.close();
}

for (const [width, height] of [[1280, 800], [390, 800]]) {
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme });
    for (const page of pages) await visit(context, page, width, colorScheme);
    await context.close();
  }
}
await browser.close();
