/* node verify.js SECRET HEADERS BODY: both libraries verify what came, and nothing else. */
"use strict";
const assert = require("node:assert");
const standard = require("standardwebhooks");
const svix = require("svix");

const [secret, headers, body] = [process.argv[2], JSON.parse(process.argv[3]), process.argv[4]];

for (const Webhook of [standard.Webhook, svix.Webhook]) {
    const webhook = new Webhook(secret);
    assert.deepEqual(webhook.verify(body, headers), JSON.parse(body));
    assert.throws(() => webhook.verify(body + " ", headers));
    assert.throws(() => webhook.verify(body, { ...headers, "webhook-id": "msg_other" }));
}
console.log("verified");
