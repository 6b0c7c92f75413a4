/* How a sender ends its process, apart from the rest: the simulator has another way. */
#include "common/send/sender.h"

#include "common/log.h"

#include <unistd.h>

void toc_sender_must(enum toc_err err, const char *what)
{
    if (err >= 0)
        return;
    toc_log(TOC_LOG_ALARM, "failed", "at=%s why=\"%s\"", what, toc_err_text(err));
    _exit(1);
}
