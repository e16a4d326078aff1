// What Shunt sends as webhooks, verified with the library of the standard; its second scheme, which that library does not
// have, with Node's own cryptography. Here because the library is a package.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, verify } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { Webhook } from 'standardwebhooks';

const patience = 40000;
const secret = () => `whsec_${randomBytes(32).toString('base64')}`;
const [current, old] = [secret(), secret()];
const { privateKey } = generateKeyPairSync('ed25519');
const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
const publicKey = createPublicKey(createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' })));
const folder = mkdtempSync(join(tmpdir(), 'webhooks-'));
const received = [];
let endpoint;
let shunt;
let url;

before(async () => {
  endpoint = createServer(async (request, answer) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    received.push({ headers: request.headers, body: Buffer.concat(pieces).toString() });
    answer.writeHead(204).end();
    endpoint.emit('received');
  });
  endpoint.listen(0, '127.0.0.1');
  await once(endpoint, 'listening');
  const file = join(folder, 'shunt.toml');
  writeFileSync(file, `
[webhooks]
secrets = ["${current}", "${old}", "whsk_${seed.toString('base64')}"]
allow_http = true
allowed_addresses = ["127.0.0.1"]

[models.simulator]
driver = "simulator"
first_token = "0ms"
token_gap = "0ms"
`);
  shunt = spawn(process.env.SHUNT_BIN, ['serve', '--listen', '127.0.0.1:0', '--config', file], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = await once(createInterface({ input: shunt.stdout }), 'line');
  url = line.replace('listening on ', '');
}, { timeout: patience });

after(() => {
  endpoint?.closeAllConnections();
  endpoint?.close();
  shunt?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

// The message of a generation that has just been run.
async function givenMessage() {
  const arrived = once(endpoint, 'received');
  const answer = await fetch(`${url}/v1/generations`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      model: 'simulator',
      input: { prompt: 'told with a ☃' },
      options: { metadata: { snowman: '☃' } },
      webhook: { url: `http://127.0.0.1:${endpoint.address().port}/hook` },
    }),
  });
  assert.equal(answer.status, 200);
  await arrived;
  return received.at(-1);
}

test('each secret of a rotation verifies it', { timeout: patience }, async () => {
  const { headers, body } = await givenMessage();
  for (const each of [current, old]) {
    const message = new Webhook(each).verify(body, headers);
    assert.equal(message.type, 'generation.succeeded');
    assert.equal(message.data.metadata.snowman, '☃');
  }
});

test('another secret, another body or another id does not', { timeout: patience }, async () => {
  const { headers, body } = await givenMessage();
  const webhook = new Webhook(current);
  assert.throws(() => new Webhook(secret()).verify(body, headers));
  assert.throws(() => webhook.verify(`${body} `, headers));
  assert.throws(() => webhook.verify(body, { ...headers, 'webhook-id': 'msg_other' }));
});

test('the public key of a pair verifies it', { timeout: patience }, async () => {
  const { headers, body } = await givenMessage();
  const signature = headers['webhook-signature'].split(' ').find(each => each.startsWith('v1a,'));
  const content = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`);
  assert.ok(verify(null, content, publicKey, Buffer.from(signature.slice('v1a,'.length), 'base64')));
});
