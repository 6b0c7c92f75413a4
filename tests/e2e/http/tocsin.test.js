/* common/client/tocsin.js in Node: by itself with a fetch of ours, then with a real edge. */
"use strict";

const assert = require("node:assert/strict");
const {execFileSync} = require("node:child_process");
const {test} = require("node:test");
const {Publisher, TocsinError, grant} = require(process.env.TOCSIN_JS);

const {EDGE_URL, EDGE_TOKEN, EDGE_GRANTS, TOCSIN, TOCSIN_DATA} = process.env;
const opened = (subject, more) =>
    ({type: "tocsin.issue.opened", subject, data: {channel: "in_app", priority: "P3"}, ...more});
const message = (subject) =>
    ({type: "tocsin.issue.message", subject, data: {direction: "inbound"}});

/* Timers run at once, and what they were set to is noted. */
function withoutWaiting(t) {
    const real = globalThis.setTimeout, waits = [];
    t.mock.method(Math, "random", () => 1);
    globalThis.setTimeout = (run, ms) => {
        if (ms === 15000) {
            return real(run, ms); // the limit of an attempt is none of ours
        }
        waits.push(ms);
        return real(run, 0);
    };
    t.after(() => { globalThis.setTimeout = real; });
    return waits;
}

const answers = (status, body = {}, fields = {}) => new Response(JSON.stringify(body),
    {status, headers: fields});

/* An edge of ours: `answer(event, number)` says what comes of each request. */
function fakeEdge(answer, options = {}) {
    const seen = [];
    const fetch = async (url, request) => {
        const event = JSON.parse(request.body);
        seen.push({...event, shown: request.headers.Authorization, url});
        return answer(event, seen.length, request.signal);
    };
    const publisher = new Publisher(
        {url: "http://edge.example", source: "urn:app", token: "toc_x", fetch, ...options});
    return {publisher, seen};
}

const accepted = (event) => answers(202, {id: event.id, seq: "1", duplicate: false});

/* --- by itself -------------------------------------------------------------------------------- */

test("an event gets its id and time once, however often it is sent", async (t) => {
    withoutWaiting(t);
    const {publisher, seen} = fakeEdge((event, number) => {
        if (number < 3) {
            throw new TypeError("no network");
        }
        return accepted(event);
    });
    const receipt = await publisher.publish(opened("T-1"));
    assert.equal(seen.length, 3);
    assert.equal(seen[0].url, "http://edge.example/v1/events");
    assert.equal(seen[0].shown, "Bearer toc_x");
    assert.match(seen[0].id, /^[0-9a-f]{32}$/);
    assert.equal(receipt.id, seen[0].id);
    assert.deepEqual(seen[1], seen[0]);
    assert.deepEqual(seen[2], seen[0]);
    assert.equal(publisher.pending, 0);
});

test("pauses double up to a limit, and Retry-After makes them longer", async (t) => {
    const waits = withoutWaiting(t);
    const {publisher} = fakeEdge((event, number) =>
        number === 5 ? answers(429, {}, {"Retry-After": "7"})
            : number < 8 ? answers(503) : accepted(event), {retryMinMs: 100, retryMaxMs: 2000});
    await publisher.publish(opened("T-1"));
    assert.deepEqual(waits, [100, 200, 400, 800, 7000, 2000, 2000]);
});

test("a subject's events are sent one after the other, others beside them", async () => {
    const order = [];
    let now = 0, most = 0;
    const {publisher} = fakeEdge(async (event) => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setImmediate(resolve));
        order.push(event.id);
        now--;
        return accepted(event);
    });
    const sent = [];
    for (let i = 0; i < 60; i++) {
        sent.push(publisher.publish(message(`T-${i % 6}`, {id: undefined})));
    }
    const ids = (await Promise.all(sent)).map((receipt) => receipt.id);
    assert.equal(most, 4);
    for (let subject = 0; subject < 6; subject++) {
        const mine = ids.filter((_, i) => i % 6 === subject);
        assert.deepEqual(order.filter((id) => mine.includes(id)), mine);
    }
});

test("what failed is sent before what came later of its subject", async (t) => {
    withoutWaiting(t);
    let failures = 2;
    const {publisher, seen} = fakeEdge((event) =>
        event.id === "1" && failures-- > 0 ? answers(500) : accepted(event));
    await Promise.all(["1", "2", "3"].map((id) => publisher.publish({...message("T"), id})));
    assert.deepEqual(seen.map((event) => event.id), ["1", "1", "1", "2", "3"]);
});

test("a refusal is final, names the member, and holds nothing up", async () => {
    const {publisher} = fakeEdge((event) => event.id === "1"
        ? answers(400, {status: 400, detail: "data.priority: …", field: "data.priority"})
        : accepted(event));
    const first = publisher.publish({...opened("T"), id: "1"});
    const second = publisher.publish({...message("T"), id: "2"});
    await assert.rejects(first, (error) => error instanceof TocsinError &&
        error.code === "refused" && error.status === 400 && error.field === "data.priority");
    assert.equal((await second).id, "2");
});

test("what a proxy says is a refusal too", async () => {
    const {publisher} = fakeEdge(() => new Response("<html>", {status: 404}));
    await assert.rejects(publisher.publish(opened("T")), {code: "refused", detail: "HTTP 404"});
});

test("the queue is bounded, and goes on when there is room", async () => {
    let open;
    const gate = new Promise((resolve) => { open = resolve; });
    const {publisher} = fakeEdge(async (event) => (await gate, accepted(event)), {queueMax: 3});
    const sent = [1, 2, 3].map((i) => publisher.publish(opened(`T-${i}`)));
    await assert.rejects(publisher.publish(opened("T-4")), {code: "full"});
    open();
    await Promise.all(sent);
    await publisher.publish(opened("T-4"));
});

test("with a storage the queue outlives the page", async (t) => {
    withoutWaiting(t);
    const kept = new Map();
    const storage = {getItem: (key) => kept.get(key) ?? null,
        setItem: (key, text) => kept.set(key, text)};
    const silent = (event, number, signal) => new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason)));
    const offline = fakeEdge(silent, {storage});
    const lost = [offline.publisher.publish(opened("T-1")),
        offline.publisher.publish(message("T-1"))];
    await new Promise((resolve) => setImmediate(resolve));
    offline.publisher.close();
    for (const promise of lost) {
        await assert.rejects(promise, {code: "closed"});
    }
    await assert.rejects(offline.publisher.publish(opened("T-2")), {code: "closed"});

    const told = [];
    const online = fakeEdge(accepted, {storage, onReceipt: (event) => told.push(event.id)});
    await online.publisher.flush();
    assert.deepEqual(online.seen.map((event) => event.type),
        ["tocsin.issue.opened", "tocsin.issue.message"]);
    assert.equal(online.seen[0].id, offline.seen[0].id);
    assert.deepEqual(told, online.seen.map((event) => event.id));
    assert.equal(kept.get("tocsin-queue"), "[]");
});

test("a storage that cannot be used or read makes no difference", async () => {
    const broken = {getItem: () => "{", setItem() { throw new Error("quota"); }};
    const {publisher} = fakeEdge(accepted, {storage: broken});
    await publisher.publish(opened("T-1"));
});

test("a grant is asked for once for all, and again when it is not good any more", async () => {
    let asked = 0;
    const {publisher, seen} = fakeEdge(
        (event) => seen.at(-1).shown === "Bearer grant-1" ? answers(401) : accepted(event),
        {grant: async () => `grant-${++asked}\n`});
    await Promise.all([1, 2, 3, 4].map((i) => publisher.publish(opened(`T-${i}`))));
    assert.equal(asked, 2);
    await publisher.publish(opened("T-5"));
    assert.equal(asked, 2);
});

test("without a grant to be had the event waits", async (t) => {
    withoutWaiting(t);
    let asked = 0;
    const {publisher} = fakeEdge(accepted, {grant: async () => {
        if (++asked < 3) {
            throw new Error("no session");
        }
        return "grant";
    }});
    await publisher.publish(opened("T-1"));
    assert.equal(asked, 3);
});

test("a grant that never comes is asked for again", async () => {
    let asked = 0;
    const {publisher} = fakeEdge(accepted, {timeoutMs: 10, retryMinMs: 1,
        grant: () => ++asked < 3 ? new Promise(() => {}) : "grant"});
    await publisher.publish(opened("T-1"));
    assert.equal(asked, 3);
});

test("an answer that is none of the edge's is no receipt", async (t) => {
    withoutWaiting(t);
    const {publisher, seen} = fakeEdge((event, number) =>
        number === 1 ? new Response("<html>please log in") : accepted(event));
    await publisher.publish(opened("T-1"));
    assert.equal(seen.length, 2);
});

test("a token that is not good is told once, and what waits is kept until it is", async (t) => {
    const waits = withoutWaiting(t), told = [];
    const {publisher, seen} = fakeEdge((event, number) =>
        number < 8 ? answers(401, {detail: "not known"}) : accepted(event),
    {parallel: 1, retryMinMs: 100, onError: (error) => told.push(error)});
    const sent = [1, 2, 3].map((i) => publisher.publish(opened(`T-${i}`)));
    const receipts = await Promise.all(sent);
    assert.deepEqual(receipts.map((receipt) => receipt.id),
        [...new Set(seen.map((event) => event.id))]);
    assert.deepEqual(waits, [100, 200, 400, 800, 1600, 3200, 6400]);
    assert.deepEqual(told.map(({code, status, detail}) => [code, status, detail]),
        [["unauthorized", 401, "not known"]]);
});

test("whoever is let in and then locked out again is told again", async (t) => {
    withoutWaiting(t);
    const told = [];
    const {publisher} = fakeEdge((event, number) => number % 2 ? answers(401) : accepted(event),
        {onError: (error) => told.push(error.status)});
    await publisher.publish(opened("T-1"));
    await publisher.publish(opened("T-2"));
    assert.deepEqual(told, [401, 401]);
});

test("a page that comes back after its grant has ended keeps its queue for the next", async (t) => {
    withoutWaiting(t);
    const events = [{...opened("T-1"), id: "1"}, {...message("T-1"), id: "2"}];
    const kept = new Map([["tocsin-queue", JSON.stringify(events)]]);
    const storage = {getItem: (key) => kept.get(key) ?? null,
        setItem: (key, text) => kept.set(key, text)};
    let lockedOut;
    const known = new Promise((resolve) => { lockedOut = resolve; });
    const late = fakeEdge(() => answers(401), {grant: "ended", storage, onError: lockedOut});
    await known;
    late.publisher.close();
    assert.deepEqual(JSON.parse(kept.get("tocsin-queue")), events);

    const next = fakeEdge(accepted, {grant: "fresh", storage});
    await next.publisher.flush();
    assert.deepEqual(next.seen.map((event) => event.id), ["1", "2"]);
});

test("a grant known by heart", async (t) => { // as in tests/unit/test_edge_access.c
    t.mock.method(Date, "now", () => 1772357400500);
    t.mock.method(globalThis.crypto ?? require("node:crypto").webcrypto, "getRandomValues",
        (bytes) => bytes.map((_, i) => 0x11 * i));
    const secret = "toc_abc_0123456789012345678901234567890123456789abc_3ce432e0";
    assert.equal(
        await grant(secret, {source: "urn:shop/ü", seconds: 600}),
        "toc1.abc.1772358000.dXJuOnNob3Avw7w.00112233445566778899aabbccddeeff." +
        "16f7608f0891cebe10069e8e0ea8839593868468b4cba78c1bc0a65bc481feeb");
    assert.equal(
        await grant(secret, {source: "urn:shop/ü", seconds: 600, shared: true}),
        "toc1.abc.1772358000.dXJuOnNob3Avw7w." +
        "1f638da2f047d7a7fdfe935b262ab3d6f3ecbb50b7471b39c5d17d0e8e1bd590");
});

/* --- with a real edge ------------------------------------------------------------------------- */

const atEdge = (options) => new Publisher({url: EDGE_URL, retryMinMs: 20, ...options});

test("a receipt names the issue, and a repeat has the first one's", async () => {
    const publisher = atEdge({token: EDGE_TOKEN, source: "demo"});
    const event = opened("js-1", {id: "js-a", time: "2026-03-01T09:30:00Z"});
    const first = await publisher.publish(event);
    const second = await publisher.publish(event);
    assert.match(first.issue, /^[0-9a-f]{32}$/);
    assert.deepEqual(second, {...first, duplicate: true});
});

test("a mistake is told by member", async () => {
    const publisher = atEdge({token: EDGE_TOKEN, source: "demo"});
    await assert.rejects(publisher.publish(opened("js-2", {data: {priorty: "P1"}})),
        {code: "refused", status: 400, field: "data.priorty"});
});

test("a grant lets in who has no token, as its source", async () => {
    const source = "urn:shop:app/u-17";
    const publisher = atEdge({source, grant: () => grant(EDGE_GRANTS, {source})});
    const receipt = await publisher.publish(opened("js-3"));
    assert.equal(receipt.source, source);
    await assert.rejects(publisher.publish(opened("js-3", {source: "urn:shop:app/u-18"})),
        {status: 403, field: "source"});
    await assert.rejects(publisher.publish({type: "tocsin.issue.status", subject: "js-3",
        data: {state: "solved"}}), {status: 403, field: "type"});
});

test("two grants of one second are two", async (t) => {
    t.mock.method(Date, "now", () => 1772357400500);
    const [first, second] = [await grant(EDGE_GRANTS, {source: "demo"}),
        await grant(EDGE_GRANTS, {source: "demo"})];
    assert.notEqual(first, second);
});

test("a grant that has ended is replaced by a new one", async () => {
    const source = "urn:shop:app";
    const lasting = [-1, 60];
    const publisher = atEdge({source, grant: () => grant(EDGE_GRANTS,
        {source, seconds: lasting.shift()})});
    await publisher.publish(opened("js-4"));
    assert.deepEqual(lasting, []);
});

test("a grant of another token, or for more than a day, is none", async () => {
    const source = "urn:shop:app";
    for (const bad of [await grant(EDGE_TOKEN, {source: "demo"}),
        await grant(EDGE_GRANTS, {source, seconds: 100000}),
        await grant(EDGE_GRANTS, {source: "urn:shop"}),
        (await grant(EDGE_GRANTS, {source})).slice(0, -1)]) {
        const {publisher, error} = await new Promise((resolve) => {
            const publisher = atEdge({source, grant: bad,
                onError: (error) => resolve({publisher, error})});
            publisher.publish(opened("js-5")).catch(() => {});
        });
        assert.deepEqual([error.code, error.status], ["unauthorized", 401]);
        publisher.close();
    }
});

test("answers that are lost, and an edge that is killed, lose and double nothing", async () => {
    let requests = 0;
    const lossy = async (...request) => {
        const response = await fetch(...request);
        if (++requests % 3 === 0) {
            await response.text();
            throw new TypeError("the answer was lost");
        }
        return response;
    };
    const publisher = atEdge({token: EDGE_TOKEN, source: "demo", fetch: lossy});
    const rows = execFileSync(TOCSIN, ["status", "--json", "--data", TOCSIN_DATA],
        {encoding: "utf8"});
    const intake = rows.split("\n").filter(Boolean).map((row) => JSON.parse(row))
        .find((row) => row.service === "intake");
    const sent = [];
    for (let i = 0; i < 300; i++) {
        sent.push(publisher.publish(i < 6 ? opened(`js-k${i}`) : message(`js-k${i % 6}`)));
    }
    await sent[100];
    process.kill(Number(intake.pid), "SIGKILL");
    const receipts = await Promise.all(sent);
    assert.equal(new Set(receipts.map((receipt) => receipt.seq)).size, 300);
    assert.ok(receipts.some((receipt) => receipt.duplicate), "some answers were lost");
    for (let subject = 0; subject < 6; subject++) {
        const seqs = receipts.filter((_, i) => i % 6 === subject).map((r) => Number(r.seq));
        assert.deepEqual(seqs, [...seqs].sort((a, b) => a - b), "in order");
    }
    const ids = new Set(receipts.map((receipt) => receipt.id));
    const log = execFileSync(TOCSIN, ["tail", "intake", "--from", "1", "--json", "--data",
        TOCSIN_DATA], {encoding: "utf8", maxBuffer: 1 << 28});
    const places = log.split("\n").flatMap((line) => [...line.matchAll(/"id": ?"([0-9a-f]{32})"/g)])
        .map((match) => match[1]).filter((id) => ids.has(id));
    assert.equal(places.length, 300);
});
