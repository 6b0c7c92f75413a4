/*
 * Publishing to the HTTP edge of a Tocsin intake, from web pages, apps and Node (18 and later).
 * One file without dependencies: <script src="tocsin.js"> gives a global Tocsin, require() the
 * same.
 *
 *     const tocsin = new Tocsin.Publisher({
 *         url: "https://tocsin.shop.example",
 *         source: "urn:shop:app/u-17",
 *         grant: async () => (await fetch("/tocsin-grant")).text(),
 *     });
 *     const receipt = await tocsin.publish({
 *         type: "tocsin.issue.opened", subject: "T-1", data: {channel: "in_app"}});
 *
 * Each event gets its id (and time) once, when it is published. It is sent until the edge has said
 * what became of it, so an event that did arrive is told from a fresh one and never counts twice.
 * Events of one subject are sent one after the other, in order. While the edge cannot be reached,
 * asks to wait (Retry-After) or does not know the token or grant, they queue, up to `queueMax`, and
 * all wait together.
 */
"use strict";

(function (root) {
    const RETRIED = new Set([408, 425, 429, 500, 502, 503, 504]);
    const TYPE = "application/cloudevents+json";
    const RETRY_AFTER_MAX_MS = 3600000;
    const PRESETS = {
        queueMax: 1000,   // events without a receipt; beyond that publish() rejects with "full"
        parallel: 4,      // subjects that are sent at a time
        timeoutMs: 15000, // of one attempt
        retryMinMs: 500,  // the first pause; each doubles
        retryMaxMs: 60000,
        storageKey: "tocsin-queue",
        onError: (error) => console.warn(String(error)),
    };

    /* `code`: "refused" (final; `status`, `detail`, `field` are the edge's), "full", "closed"; and
     * for onError "unauthorized" (`status`, `detail`). */
    class TocsinError extends Error {
        constructor(code, detail, answer = {}) {
            super(detail);
            this.name = "TocsinError";
            this.code = code;
            this.detail = detail;
            this.status = answer.status;
            this.field = answer.field;
        }
    }

    /* Node 18 has it, but not as a global. */
    function webCrypto() {
        return root.crypto ?? require("node:crypto").webcrypto;
    }

    function hex(bytes) {
        return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    }

    function newId() {
        return hex(webCrypto().getRandomValues(new Uint8Array(16)));
    }

    /* Seconds or a date (RFC 9110, section 10.2.3) as milliseconds; 0 for anything else. */
    function retryAfterMs(text) {
        const value = (text ?? "").trim();
        const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
        return ms > 0 ? Math.min(ms, RETRY_AFTER_MAX_MS) : 0;
    }

    /* What a proxy in between says is no JSON; then the status has to do. */
    function problemOf(answer) {
        let problem = {};
        try {
            problem = JSON.parse(answer.text);
        } catch {
            // As it is.
        }
        return {detail: `HTTP ${answer.status}`, ...problem, status: answer.status};
    }

    class Publisher {
        #options;
        #url;
        #queue = [];           // entries {event, sending, resolve, reject}, oldest first
        #sending = 0;
        #failures = 0;         // in a row
        #paused = null;        // the timer of a pause
        #credential = null;    // a promise of what Authorization shows
        #lockedOut = false;    // it was not good, and that has been told
        #attempts = new Set(); // AbortControllers of what is under way
        #closed = false;
        #idle = [];            // who waits in flush()
        #wake = () => this.#resume();

        /*
         * Options: `url` of the edge; `source` of events that name none; `token`, or `grant`: a
         * text or a function that gives one, also as a promise, asked again when it is not good
         * any more. More: the PRESETS above; `fetch` to use in place of the global one; `storage`
         * (sessionStorage) in which the queue outlives a reload of the page; `onReceipt(event,
         * receipt, error)` for all events, those of before the reload included; `onError(error)`,
         * once, when what is shown is not good and everything waits until it is.
         */
        constructor(options) {
            this.#options = {...PRESETS, ...options};
            this.#url = new URL("/v1/events", options.url).href;
            this.#restore();
            root.addEventListener?.("online", this.#wake);
            this.#pump();
        }

        /* Events that have no receipt yet. */
        get pending() {
            return this.#queue.length;
        }

        /*
         * Takes a CloudEvent, of which `type` and, in general, `subject` and `data` are needed.
         * Gives its receipt ({id, source, issue, seq, duplicate, …}) or rejects with a TocsinError.
         */
        publish(event) {
            const promise = this.#take(event);
            if (this.#options.onReceipt !== undefined) {
                promise.catch(() => {}); // it is told there: nobody has to look here as well
            }
            return promise;
        }

        /* Resolves when nothing waits any more. */
        flush() {
            return this.#queue.length === 0
                ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
        }

        /* Sends nothing more. What waits is rejected with "closed"; a `storage` keeps it. */
        close() {
            this.#closed = true;
            clearTimeout(this.#paused);
            root.removeEventListener?.("online", this.#wake);
            for (const attempt of this.#attempts) {
                attempt.abort();
            }
            for (const entry of this.#queue.splice(0)) {
                entry.reject(new TocsinError("closed", "the publisher was closed"));
            }
            this.#tellIdle();
        }

        /* --- the queue ---------------------------------------------------------------------- */

        async #take(event) {
            if (this.#closed) {
                throw new TocsinError("closed", "the publisher was closed");
            }
            if (this.#queue.length >= this.#options.queueMax) {
                throw new TocsinError("full", "too many events wait");
            }
            const whole = JSON.parse(JSON.stringify({
                specversion: "1.0", id: newId(), source: this.#options.source,
                time: new Date().toISOString(), ...event}));
            return new Promise((resolve, reject) => {
                this.#queue.push({event: whole, sending: false, resolve, reject});
                this.#store();
                this.#pump();
            });
        }

        #restore() {
            try {
                const stored = this.#options.storage?.getItem(this.#options.storageKey) ?? "[]";
                this.#queue = JSON.parse(stored).map(
                    (event) => ({event, sending: false, resolve() {}, reject() {}}));
            } catch {
                // What cannot be read is as good as nothing.
            }
        }

        #store() {
            try {
                this.#options.storage?.setItem(this.#options.storageKey,
                    JSON.stringify(this.#queue.map((entry) => entry.event)));
            } catch {
                // A full storage: the queue is in memory all the same.
            }
        }

        #tellIdle() {
            for (const resolve of this.#idle.splice(0)) {
                resolve();
            }
        }

        /* Begins to send what may go now: of each subject the oldest. */
        #pump() {
            const busy = new Set();
            for (const entry of this.#queue) {
                const {source, subject} = entry.event;
                const key = subject === undefined ? entry : JSON.stringify([source, subject]);
                if (this.#closed || this.#paused !== null ||
                    this.#sending >= this.#options.parallel) {
                    return;
                }
                if (!entry.sending && !busy.has(key)) {
                    this.#send(entry);
                }
                busy.add(key);
            }
        }

        #settle(entry, receipt, error) {
            const at = this.#queue.indexOf(entry);
            if (at < 0) {
                return; // closed meanwhile
            }
            this.#queue.splice(at, 1);
            this.#store();
            if (error === null) {
                entry.resolve(receipt);
            } else {
                entry.reject(error);
            }
            if (this.#options.onReceipt !== undefined) { // what it throws is none of our failures
                queueMicrotask(() => this.#options.onReceipt(entry.event, receipt, error));
            }
            if (this.#queue.length === 0) {
                this.#tellIdle();
            }
        }

        /* Whoever had no answer waits, and everybody with it: there is one edge. */
        #pause(atLeastMs) {
            if (this.#paused !== null || this.#closed) {
                return;
            }
            const {retryMinMs, retryMaxMs} = this.#options;
            const doubled = Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(this.#failures++, 20));
            const ms = Math.max(atLeastMs, doubled * (0.5 + Math.random() / 2));
            this.#paused = setTimeout(this.#wake, ms);
        }

        #resume() {
            clearTimeout(this.#paused);
            this.#paused = null;
            this.#pump();
        }

        /* --- one attempt -------------------------------------------------------------------- */

        async #send(entry) {
            entry.sending = true;
            this.#sending++;
            try {
                await this.#attempt(entry);
            } catch {
                this.#pause(0); // no connection, no answer in time, no grant to be had
            }
            entry.sending = false;
            this.#sending--;
            this.#pump();
        }

        async #attempt(entry) {
            let credential = this.#credential ??= this.#ask();
            let answer = await this.#post(entry.event, await credential);
            if (answer.status === 401 && typeof this.#options.grant === "function") {
                this.#forget(credential);
                credential = this.#credential ??= this.#ask();
                answer = await this.#post(entry.event, await credential);
            }
            if (answer.status === 401) {
                this.#forget(credential);
                this.#tellLockedOut(problemOf(answer));
            }
            if (answer.status === 401 || RETRIED.has(answer.status)) {
                this.#pause(answer.retryMs);
                return;
            }
            if (answer.ok) {
                this.#settle(entry, JSON.parse(answer.text), null);
            } else {
                const problem = problemOf(answer);
                this.#settle(entry, null, new TocsinError("refused", problem.detail, problem));
            }
            this.#failures = 0;
            this.#lockedOut = false;
        }

        /* It says nothing of the events: another token, or the next page's grant, may be good. */
        #tellLockedOut(problem) {
            if (!this.#lockedOut) {
                const error = new TocsinError("unauthorized", problem.detail, problem);
                queueMicrotask(() => this.#options.onError(error));
            }
            this.#lockedOut = true;
        }

        /* A promise of what Authorization shows; one answer serves all that wait for it. */
        #ask() {
            const credential = this.#show();
            credential.catch(() => this.#forget(credential));
            return credential;
        }

        async #show() {
            const {token, grant, timeoutMs} = this.#options;
            let timer;
            const late = new Promise((_, reject) => {
                timer = setTimeout(() => reject(new Error("no grant in time")), timeoutMs);
            });
            try {
                const given = typeof grant === "function" ? grant() : grant ?? token;
                return "Bearer " + (await Promise.race([given, late])).trim();
            } finally {
                clearTimeout(timer);
            }
        }

        #forget(credential) {
            if (this.#credential === credential) {
                this.#credential = null;
            }
        }

        async #post(event, authorization) {
            if (this.#closed) {
                throw new TocsinError("closed", "the publisher was closed");
            }
            const attempt = new AbortController();
            const timer = setTimeout(() => attempt.abort(), this.#options.timeoutMs);
            this.#attempts.add(attempt);
            try {
                const response = await (this.#options.fetch ?? root.fetch)(this.#url, {
                    method: "POST", signal: attempt.signal, redirect: "error", credentials: "omit",
                    headers: {"Authorization": authorization, "Content-Type": TYPE},
                    body: JSON.stringify(event)});
                return {status: response.status, ok: response.ok, text: await response.text(),
                    retryMs: retryAfterMs(response.headers.get("Retry-After"))};
            } finally {
                clearTimeout(timer);
                this.#attempts.delete(attempt);
            }
        }
    }

    /*
     * For a publisher's own server, never for a page: a grant, made with the secret of a token that
     * has the scope "grant", for `seconds` (a day at most) and one source, the token's or below it.
     * It has a number of its own, so that the edge can tell a form that one page sends twice from
     * the same words of two people; a page that a cache gives to many needs one that is `shared`.
     */
    async function grant(secret, {source, seconds = 600, shared = false}) {
        const {subtle} = webCrypto();
        const utf8 = (text) => new TextEncoder().encode(text);
        const base64 = btoa(String.fromCharCode(...utf8(source)))
            .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
        const end = Math.floor(Date.now() / 1000) + seconds;
        const text = `toc1.${secret.split("_")[1]}.${end}.${base64}${shared ? "" : "." + newId()}`;
        const key = await subtle.importKey("raw", await subtle.digest("SHA-256", utf8("grant:" + secret)),
            {name: "HMAC", hash: "SHA-256"}, false, ["sign"]);
        return `${text}.${hex(new Uint8Array(await subtle.sign("HMAC", key, utf8(text))))}`;
    }

    const exported = {Publisher, TocsinError, grant};
    if (typeof module === "object" && module.exports) {
        module.exports = exported;
    } else {
        root.Tocsin = exported;
    }
})(globalThis);
