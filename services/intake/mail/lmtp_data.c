#include "services/intake/mail/lmtp_data.h"

/*
 *   LINE ──other──► TEXT ──CR──► CR ──LF──► LINE
 *    │ '.'                        │ other ──► TEXT
 *    ▼
 *   DOT ──CR──► DOT_CR ──LF──► the end
 *    │ other      │ other
 *    └──► TEXT ◄──┘          the dot goes
 */
enum { LINE, TEXT, CR, DOT, DOT_CR };

bool lmtp_data_take(struct lmtp_data *data, struct toc_str in, size_t *taken, char *out,
                    size_t *size)
{
    size_t used = 0;
    for (size_t i = 0; i < in.size; i++) {
        char c = in.data[i];
        if (data->state == LINE && c == '.') {
            data->state = DOT;
            continue;
        }
        if (data->state == DOT && c == '\r') {
            data->state = DOT_CR;
            continue;
        }
        if (data->state == DOT_CR && c == '\n') {
            data->state = LINE;
            *taken = i + 1;
            *size = used;
            return true;
        }
        if (data->state == DOT_CR)
            out[used++] = '\r';
        bool after_cr = data->state == CR || data->state == DOT_CR;
        data->bare_lf = data->bare_lf || (c == '\n' && !after_cr);
        data->state = c == '\r' ? CR : c == '\n' && after_cr ? LINE : TEXT;
        out[used++] = c;
    }
    *taken = in.size;
    *size = used;
    return false;
}
