#include "services/notifier/send/text/language.h"

const struct text_language text_en = {
    .code = "en",
    .units = {"d", "h", "min", "s"},
    .severities = {"CRITICAL", "ERROR", "WARNING", "INFO"},
    .risks = {"", "none", "low", "elevated", "severe", "critical"},
    .whats = {[TEXT_BREACHED] = "{metric} is breached",
              [TEXT_WARNED] = "{metric} is about to breach",
              [TEXT_OPENED] = "a new issue",
              [TEXT_WAITING] = "an issue that nobody can take",
              [TEXT_OTHER] = "{cause}"},
    .title = "{?test}[TEST] \n"
             "{?code}Your code for Tocsin\n"
             "Alerts that wait since your quiet hours: {digest}\n"
             "{?probe}Can this page reach you?\n"
             "Silence or maintenance {mute} ends in {mute_left}\n"
             "{?ends}Reminder: \n"
             "{severity} {queue}: {what}\n"
             "{?unconfirmed} (unconfirmed)\n"
             ", {left} left\n"
             ", overdue by {over}\n",
    .brief = "{?test}TEST\n"
             "{?code}Your code for Tocsin: {code}\n"
             "Your quiet hours are over. Alerts that still wait: {digest}\n"
             "{?probe}This page asks whether it reaches you.\n"
             "Silence or maintenance {mute} ends in {mute_left}; what it holds rings then.\n"
             "Your acknowledgement expires in {ends}.\n"
             "{severity} {queue}: {what}\n"
             "{?unconfirmed}unconfirmed: it may still be in time\n"
             "stands for {more} more\n"
             "category {category}\n"
             "risk {risk}\n"
             "due {due}, {left} left\n"
             "was due {due}, overdue by {over}\n"
             "pages {next} +{others} in {wait}\n"
             "pages {next} in {wait}{?single}\n"
             "{?last}you are the last on this path\n"
             "procedure {sop}\n"
             "{link}\n"
             "tocsin ack {alert}{?typed}\n"
             "tocsin reach answer {answer}{?typed}\n",
    .full = "{?test}This is a TEST. Acknowledge it; nothing else has to be done.\n"
            "{?code}Somebody asked that pages may reach {person} here. If that was you, confirm:\n"
            "{?code}\n"
            "    tocsin contact confirm {person} {method} {code}\n"
            "{?code}\n"
            "{?code}The code is good for 15 minutes. If it was not you, do nothing.\n"
            "Your quiet hours are over. Alerts that still wait: {digest}\n"
            "{?probe}This page asks whether it reaches you. Nothing is wrong.\n"
            "Silence or maintenance {mute} ends in {mute_left}; what it holds rings then.\n"
            "Your acknowledgement expires in {ends}; then the alert goes on.\n"
            "{severity}: {what}\n"
            "{?unconfirmed}This is UNCONFIRMED: messages are late, and it may still be in time.\n"
            "This page stands for {more} more.\n"
            "{?severity}\n"
            "Queue:       {queue}\n"
            "Category:    {category}\n"
            "Risk:        {risk}\n"
            "Priority:    {priority}\n"
            "Deadline:    {due} ({zone})\n"
            "Time left:   {left}\n"
            "Overdue by:  {over}\n"
            "Next:        pages {next} and {others} more in {wait}\n"
            "Next:        pages {next} in {wait}{?single}\n"
            "{?last}Next:        nobody; you are the last on this path\n"
            "Procedure:   {sop}\n"
            "Issue:       {issue}\n"
            "{?alert}\n"
            "Acknowledge: {link}{?alert}\n"
            "Acknowledge: tocsin ack {alert}\n"
            "{?probe}\n"
            "Answer:      {link}{?probe}\n"
            "Answer:      tocsin reach answer {answer}\n",
};
