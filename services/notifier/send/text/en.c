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
              [TEXT_UNCONFIRMED] = "{metric} may be breached",
              [TEXT_SILENT] = "{about} is silent: nothing is known of what happens there",
              [TEXT_STOPPED] = "{about} is not followed any more: its log is not the one it was",
              [TEXT_PROVIDER] = "{about} takes no pages",
              [TEXT_UNREACHED] = "no test page has reached {about}",
              [TEXT_OTHER] = "{cause}"},
    .title = "{?test}[TEST] \n"
             "{?code}Your code for Tocsin\n"
             "Alerts that wait since your quiet hours: {digest}\n"
             "{?probe}Can this page reach you?\n"
             "Silence or maintenance {mute} ends in {mute_left}\n"
             "{?ends}Reminder: \n"
             "{severity} {queue}: {what}\n"
             "{severity}: {what}{?suite}\n"
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
             "{severity}: {what}{?suite}\n"
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
    .words = {[WORD_DOCUMENT] = "Tocsin alert",
              [WORD_STATE] = "State",
              [WORD_UNTIL] = "Until",
              [WORD_DUE] = "Deadline",
              [WORD_QUEUE] = "Queue",
              [WORD_PRIORITY] = "Priority",
              [WORD_RISK] = "Risk",
              [WORD_CATEGORY] = "Category",
              [WORD_SOP] = "Procedure",
              [WORD_STEP] = "Step",
              [WORD_NEXT] = "Next step",
              [WORD_ISSUE] = "Issue",
              [WORD_OPENED] = "Opened",
              [WORD_ALERT] = "Alert",
              [WORD_READER] = "For",
              [WORD_OPEN] = "nobody has answered yet",
              [WORD_THROUGH] = "nobody answered, and the path is through",
              [WORD_ACKED] = "acknowledged",
              [WORD_TAKEN] = "taken over",
              [WORD_SNOOZED] = "snoozed",
              [WORD_ESCALATED] = "escalated",
              [WORD_RESOLVED] = "resolved",
              [WORD_NOTED] = "noted",
              [WORD_ALREADY] = "already",
              [WORD_IN] = "in {}",
              [WORD_AGO] = "{} ago",
              [WORD_ACK] = "Acknowledge",
              [WORD_TAKE] = "Take over",
              [WORD_SNOOZE] = "Snooze",
              [WORD_ESCALATE] = "Escalate now",
              [WORD_RESOLVE] = "Resolve",
              [WORD_NOTE] = "Add the note",
              [WORD_SNOOZE_FOR] = "Snooze for",
              [WORD_NOTE_TEXT] = "Note: a code or a reference, no names",
              [WORD_GROUP] = "The same for all of its group, {} more",
              [WORD_MORE] = "More",
              [WORD_ONCE] =
                  "A link does one thing and takes one note, for the person it was sent to.",
              [WORD_AGAIN] = "Look again",
              [WORD_LATER] = "It is taken down, and takes effect in a moment.",
              [WORD_NOT_DONE] = "not done",
              [WORD_NO_LINK] = "This is no link of a page: it may have been cut.",
              [WORD_EXPIRED] = "This link has expired, a week after its page.",
              [WORD_USED] = "This link was used already:",
              [WORD_IS_RESOLVED] = "The alert is resolved already.",
              [WORD_IS_ACKED] = "Somebody else has it already.",
              [WORD_HAS_CHANGED] = "It has changed since you looked.",
              [WORD_SNOOZE_OVER] = "The snooze would be over already.",
              [WORD_SILENT] = "Nobody has taken it yet. Press again: it is done once.",
              [WORD_FULL] = "Too much waits already. Press again.",
              [WORD_OFTEN] = "Too many requests from this address. Wait a little.",
              [WORD_UNCLEAR] = "This was not understood.",
              [WORD_SENT] = "Sent",
              [WORD_CAME] = "It reached me",
              [WORD_ANSWERED] = "answered",
              [WORD_PROBE_OVER] = "This test is over. Nothing has to be done."},
};
