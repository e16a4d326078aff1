// A program that stays, in Node: says the words of input.text one by one, input.pause seconds apart.
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

console.log = console.error; // standard output belongs to the protocol
const say = (type, members) => process.stdout.write(`${JSON.stringify({ type, ...members })}\n`);
const cancels = new Map();

async function generate({ id, input }) {
  const cancel = new AbortController();
  cancels.set(id, cancel);
  let said = 0;
  try {
    for (const word of input.text.split(/\s+/).filter(Boolean)) {
      if (cancel.signal.aborted) break;
      say('delta', { id, text: `${word} ` });
      said += 1;
      await sleep((input.pause ?? 0) * 1000, undefined, { signal: cancel.signal }).catch(() => {});
    }
    say('result', { id, result: { words: said } });
  } catch (error) {
    say('error', { id, message: error.message });
  }
  cancels.delete(id);
}

say('ready', { protocol: 1 }); // here a model would have been loaded
for await (const line of createInterface({ input: process.stdin })) {
  const word = JSON.parse(line);
  if (word.type === 'run') generate(word);
  if (word.type === 'cancel') cancels.get(word.id)?.abort();
}
