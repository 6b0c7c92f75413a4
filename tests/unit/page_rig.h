/* A page about a breach, for tests of what is sent of it. */
#ifndef TEST_PAGE_RIG_H
#define TEST_PAGE_RIG_H

#include "services/notifier/alert.h"

#define NOW_MS INT64_C(1795327200000) /* 2026-11-22T06:00:00Z */

static uint8_t alert_id[TOC_ID] = {0x1a, 0x2b, 0x3c, 0x4d, 0x5e, 0x6f, 0x70, 0x81,
                                   0x92, 0xa3, 0xb4, 0xc5, 0xd6, 0xe7, 0xf8, 0x09};
static uint8_t issue_id[TOC_ID] = {0xff, 0xee};

static Tocsin__V1__Alert alert;
static Tocsin__V1__Page page;
static struct notifier_page both = {&page, &alert};

static inline void breach_page(void)
{
    tocsin__v1__alert__init(&alert);
    tocsin__v1__page__init(&page);
    alert.id = toc_wire_binary(toc_str(alert_id, TOC_ID));
    alert.issue = toc_wire_binary(toc_str(issue_id, TOC_ID));
    alert.severity = toc_wire_text("critical");
    alert.cause = toc_wire_text("breached:first_reply/1/0 safety-breached");
    alert.queue = toc_wire_text("trust-safety");
    alert.priority = TOCSIN__V1__PRIORITY__PRIORITY_P1;
    alert.risk = TOCSIN__V1__RISK__RISK_SEVERE;
    page.due_ms = NOW_MS + 250000;
    alert.opened_ms = NOW_MS - 1000;
    alert.source = toc_wire_text("shop/eu");
    alert.subject = toc_wire_text("T-1");
    page.alert_number = 1;
    page.delivery = toc_wire_text("msg_00112233445566778899aabbccddeeff");
    page.contact = toc_wire_text("ana");
    both = (struct notifier_page){&page, &alert};
}

#endif
