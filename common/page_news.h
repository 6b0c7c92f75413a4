/*
 * Pages that ring nobody: news, for a provider that keeps an incident of an alert, of what became
 * of it. One leaves once nothing else of the alert is under way there; services/notifier/mirror.h
 * has the rules. Here are the kinds (Page.kind) by which everybody knows them.
 */
#ifndef TOC_PAGE_NEWS_H
#define TOC_PAGE_NEWS_H

#include "tocsin/v1/record.pb-c.h"

#include <stdbool.h>
#include <string.h>

#define TOC_PAGE_ACKNOWLEDGED "acknowledged"
#define TOC_PAGE_RESOLVED     "resolved"

static inline bool toc_page_is_news(const Tocsin__V1__Page *page)
{
    return strcmp(page->kind, TOC_PAGE_ACKNOWLEDGED) == 0 ||
           strcmp(page->kind, TOC_PAGE_RESOLVED) == 0;
}

#endif
