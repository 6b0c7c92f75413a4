/* node pdjs.js PORT EVENT: PagerDuty's own client sends the event to a server on this machine. */
"use strict";
const assert = require("node:assert");
const { event } = require("@pagerduty/pdjs");

const [port, data] = [process.argv[2], JSON.parse(process.argv[3])];

event({ data, server: `localhost:${port}` }).then((response) => {
    assert.equal(response.status, 202);
    assert.equal(response.data.status, "success");
}).catch((error) => { console.error(error); process.exit(1); });
