/*
 * The commands of `tocsin`: one function each, one row each. A row may only name a function that
 * exists; a new command is its file, its prototype and its row here, nothing in main.c.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

/* What a command returns, and `tocsin` exits with. */
#define CLI_DONE   0
#define CLI_FAILED 1 /* refused or failed */
#define CLI_USAGE  2

/* X(name, one line about it), in the order of `tocsin --help`. */
#define CLI_COMMANDS(X)                                                                            \
    X(up, "run every service on one directory, until Ctrl-C")                                      \
    X(status, "how every service is; exit 1 when one is not")                                      \
    X(publish, "publish CloudEvents JSON, one per line; a receipt per line comes back")            \
    X(rehearse, "say for an intake what would become of events: POST /v1/events?dry_run=1")        \
    X(import, "publish the rows of a foreign export (CSV) as events")                              \
    X(load, "publish seeded, lifelike traffic, for trying and for measuring")                      \
    X(tail, "the records of a service's log")                                                      \
    X(issues, "open issues, the most urgent first")                                                \
    X(clocks, "SLA clocks by time to breach")                                                      \
    X(alerts, "alerts that are not resolved")                                                      \
    X(page, "pages that wait or are dead, a test page: list, replay, test")                                           \
    X(escalations, "what other teams were asked, and who has to act next")                         \
    X(articles, "suggested articles that ended issues, and how often")                             \
    X(why, "every decision about an issue or an alert, and why not")                               \
    X(people, "who serves the queues: presence, load, exposure, issues")                           \
    X(presence, "say that a person is online, or is not")                                          \
    X(assign, "give an issue to a person; accept, decline or release it")                          \
    X(link, "confirm or reject that an issue is a duplicate of another one")                       \
    X(oncall, "who is on call, until when; overrides, swaps, gaps to come")                        \
    X(ack, "acknowledge an alert, or those of an issue")                                           \
    X(take, "acknowledge it although somebody else has")                                           \
    X(snooze, "let an alert be quiet until an instant")                                            \
    X(resolve, "close an alert")                                                                   \
    X(escalate, "page the next step of an alert's path now")                                       \
    X(note, "add a code or a reference to an alert")                                               \
    X(obligations, "prove from the notifier's log that every page came to one end")                \
    X(handover, "what the next one on call has to know of a stretch of time")                      \
    X(contact, "by which methods people are reached: list, verify, confirm")                       \
    X(reach, "send people test pages and see who is reached by which method")                      \
    X(silence, "alerts that ring nobody for a while: add, end, list")                              \
    X(maintenance, "alerts that are held until work is done: start, end, list")                    \
    X(policy, "check, test, backtest, apply or show a policy; what may stand in it")               \
    X(calendar, "working-time arithmetic: questions and answers as JSON Lines")                    \
    X(token, "who may publish over HTTP: add, list, revoke")                                       \
    X(content, "what people wrote in an issue; who reads it is recorded: get")                     \
    X(hold, "whom nobody may erase: place, release, list")                                         \
    X(erase, "erase a person: nobody reads any more what they wrote")                              \
    X(access, "what is kept of a person, for that person, with proofs")                            \
    X(erasures, "whom it was asked to erase, and how far that has come")                           \
    X(quarantine, "what intake holds back: list, release, reject")                                 \
    X(subscribe, "who outside is told of outcomes: add, list, pause, replay, test")                \
    X(facts, "what the bus may know about a text: language, signs of risk, cards, phones")         \
    X(mail, "what is read from a mail; an address to which an answer finds its issue")             \
    X(audit, "verify the logs, prove a record, show the checkpoint")                               \
    X(help, "tell more about one command: tocsin help COMMAND")

/* `argv[0]` is the command's name; each parses its own options and answers --help. */
int cmd_up(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_publish(int argc, char **argv);
int cmd_rehearse(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_load(int argc, char **argv);
int cmd_tail(int argc, char **argv);
int cmd_issues(int argc, char **argv);
int cmd_clocks(int argc, char **argv);
int cmd_alerts(int argc, char **argv);
int cmd_page(int argc, char **argv);
int cmd_escalations(int argc, char **argv);
int cmd_articles(int argc, char **argv);
int cmd_why(int argc, char **argv);
int cmd_people(int argc, char **argv);
int cmd_presence(int argc, char **argv);
int cmd_assign(int argc, char **argv);
int cmd_link(int argc, char **argv);
int cmd_oncall(int argc, char **argv);
int cmd_ack(int argc, char **argv);
int cmd_take(int argc, char **argv);
int cmd_snooze(int argc, char **argv);
int cmd_resolve(int argc, char **argv);
int cmd_escalate(int argc, char **argv);
int cmd_note(int argc, char **argv);
int cmd_obligations(int argc, char **argv);
int cmd_handover(int argc, char **argv);
int cmd_contact(int argc, char **argv);
int cmd_reach(int argc, char **argv);
int cmd_silence(int argc, char **argv);
int cmd_maintenance(int argc, char **argv);
int cmd_policy(int argc, char **argv);
int cmd_calendar(int argc, char **argv);
int cmd_token(int argc, char **argv);
int cmd_content(int argc, char **argv);
int cmd_hold(int argc, char **argv);
int cmd_erase(int argc, char **argv);
int cmd_access(int argc, char **argv);
int cmd_erasures(int argc, char **argv);
int cmd_quarantine(int argc, char **argv);
int cmd_subscribe(int argc, char **argv);
int cmd_facts(int argc, char **argv);
int cmd_mail(int argc, char **argv);
int cmd_audit(int argc, char **argv);
int cmd_help(int argc, char **argv);

#endif
