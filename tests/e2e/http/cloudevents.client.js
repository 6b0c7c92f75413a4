/* Publishes with npm's `cloudevents` in each of its modes: node cloudevents.client.js URL TOKEN. */
"use strict";
const assert = require("node:assert");
const { CloudEvent, HTTP, httpTransport, emitterFor, Mode } = require("cloudevents");

const [url, token] = process.argv.slice(2);

const event = (mode, id) => new CloudEvent({
    id: id ?? `npm ${mode} % é`,
    source: "demo",
    type: "tocsin.issue.opened",
    subject: `npm ${mode} é 100% "q"`,
    data: { channel: "in_app", priority: "P2" },
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
});

async function send({ headers, body }) {
    const answer = await fetch(url, { method: "POST", body,
        headers: { ...headers, authorization: `Bearer ${token}` } });
    return { status: answer.status, receipt: await answer.json() };
}

async function main() {
    for (const mode of ["structured", "binary"]) {
        const made = event(mode);
        const first = await send(HTTP[mode](made));
        assert.equal(first.status, 202, JSON.stringify(first));
        assert.equal(first.receipt.id, made.id);
        const emit = emitterFor(httpTransport(url), { mode: Mode[mode.toUpperCase()] });
        const again = await emit(made, { headers: { authorization: `Bearer ${token}` } });
        assert.deepEqual(JSON.parse(again.body), { ...first.receipt, duplicate: true });
    }
    const events = [event("batch"), event("batch", "npm batch 2")];
    const batch = await send({ headers: { "content-type": "application/cloudevents-batch+json" },
        body: JSON.stringify(events) });
    assert.equal(batch.status, 202, JSON.stringify(batch));
    assert.deepEqual(batch.receipt.map((receipt) => receipt.id), events.map((made) => made.id));
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
