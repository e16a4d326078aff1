// Whether Replicate's client takes a webhook for one of its own: node replicate_webhook.mjs BASE_URL KEY, with
// {"headers", "body"} as standard input. Prints true or false.
import { readFileSync } from "node:fs";
import Replicate, { validateWebhook } from "replicate";

const [base, key] = process.argv.slice(2);
const client = new Replicate({ baseUrl: `${base}/replicate/v1`, auth: key });
const { headers, body } = JSON.parse(readFileSync(0, "utf-8"));
const secret = (await client.webhooks.default.secret.get()).key;
console.log(await validateWebhook({
  id: headers["webhook-id"], timestamp: headers["webhook-timestamp"], signature: headers["webhook-signature"], body, secret,
}));
