/* A publisher's receiver by other people's libraries: node receiver.js SECRET. It prints its port, takes
 * one webhook, verifies it with npm's `standardwebhooks`, reads it with npm's `cloudevents`, and prints
 * what it read. */
"use strict";
const assert = require("node:assert");
const http = require("node:http");
const { HTTP } = require("cloudevents");
const { Webhook } = require("standardwebhooks");

const secret = process.argv[2];

function read(headers, body) {
    const webhook = new Webhook(secret);
    webhook.verify(body, headers);
    assert.throws(() => webhook.verify(body + " ", headers));
    const event = HTTP.toEvent({ headers, body });
    assert.ok(event.validate());
    assert.equal(event.id, headers["webhook-id"]);
    return event;
}

const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => { body += chunk; });
    request.on("end", () => {
        const event = read(request.headers, body);
        response.writeHead(204).end();
        console.log(JSON.stringify(event));
        server.close();
    });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
