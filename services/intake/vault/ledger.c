#include "services/intake/vault/ledger.h"

#include "common/crc32c.h"
#include "common/exit_point.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_ (16 + 1 + 20 + 1 + 20 + 1 + 3 * LEDGER_PSEUDONYM_MAX + 1 + 8 + 2)

struct ledger {
    int fd;
    off_t size;       /* of lines that are on disk */
    off_t end;        /* of those that were appended */
    const char *path; /* the caller's */
};

/* --- a line --------------------------------------------------------------------------------- */

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~:@/", c) != NULL);
}

static void put_escaped(char *out, const char *text)
{
    for (; *text != '\0'; text++)
        if (is_plain(*text))
            *out++ = *text;
        else
            out += snprintf(out, 4, "%%%02X", (unsigned)(unsigned char)*text);
    *out = '\0';
}

static bool take_escaped(char *out, struct toc_str text)
{
    size_t used = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = (uint8_t)text.data[i];
        if (text.data[i] == '%') {
            if (text.size - i < 3 || toc_unhex(&byte, 1, toc_str(text.data + i + 1, 2)) != TOC_OK)
                return false;
            i += 2;
        } else if (!is_plain(text.data[i])) {
            return false;
        }
        if (byte == 0 || used == LEDGER_PSEUDONYM_MAX)
            return false;
        out[used++] = (char)byte;
    }
    out[used] = '\0';
    return used > 0;
}

static size_t write_line(char out[LINE_MAX_], const struct ledger_entry *entry)
{
    char name[3 * LEDGER_PSEUDONYM_MAX + 1];
    put_escaped(name, entry->pseudonym);
    int size = snprintf(out, LINE_MAX_, "%016" PRIx64 " %" PRIu64 " %" PRId64 " %s", entry->log_id,
                        entry->seq, (int64_t)entry->at_ms, name);
    size_t used = (size_t)size;
    used += (size_t)snprintf(out + used, LINE_MAX_ - used, " %08x\n",
                             (unsigned)toc_crc32c(0, toc_str(out, used)));
    return used;
}

/* Splits off what stands before the next blank, or all that is left. */
static struct toc_str take_word(struct toc_str *rest)
{
    const char *blank = rest->size > 0 ? memchr(rest->data, ' ', rest->size) : NULL;
    struct toc_str word = *rest;
    if (blank == NULL) {
        *rest = toc_str_from(*rest, rest->size);
        return word;
    }
    word.size = (size_t)(blank - rest->data);
    *rest = toc_str_from(*rest, word.size + 1);
    return word;
}

static bool read_line(struct toc_str line, struct ledger_entry *out)
{
    uint8_t log[8], crc[4];
    uint64_t at_ms;
    if (line.size < 10 || line.data[line.size - 9] != ' ' ||
        toc_unhex(crc, sizeof(crc), toc_str(line.data + line.size - 8, 8)) != TOC_OK)
        return false;
    line.size -= 9;
    if (toc_crc32c(0, line) != toc_get_u32be(crc))
        return false;
    struct toc_str word = take_word(&line);
    if (word.size != 16 || toc_unhex(log, sizeof(log), word) != TOC_OK ||
        toc_parse_u64(take_word(&line), &out->seq) != TOC_OK ||
        toc_parse_u64(take_word(&line), &at_ms) != TOC_OK || at_ms > INT64_MAX)
        return false;
    out->log_id = toc_get_u64be(log);
    out->at_ms = (toc_time_ms)at_ms;
    return take_escaped(out->pseudonym, line);
}

/* --- the file ------------------------------------------------------------------------------- */

static enum toc_err tell(const struct ledger *ledger, enum toc_err err, const char *why)
{
    fprintf(stderr, "the ledger of erasures %s %s\n", ledger->path, why);
    return err;
}

/* Lines up to `ledger->size`, which is moved back to the end of the last whole one. */
static enum toc_err read_lines(struct ledger *ledger, ledger_fn each, void *arg)
{
    struct ledger_entry entry;
    char *text = NULL;
    size_t room = 0;
    ssize_t size;
    enum toc_err err = TOC_OK;
    off_t end = 0;
    FILE *file = fopen(ledger->path, "re");
    if (file == NULL)
        return tell(ledger, TOC_ERR_CONFIG, "cannot be read");
    for (uint64_t line = 1; err == TOC_OK && end < ledger->size; line++) {
        if ((size = getline(&text, &room, file)) <= 0 ||
            (text[size - 1] != '\n' && size < LINE_MAX_))
            break; /* cut short */
        if (text[size - 1] != '\n' || !read_line(toc_str(text, (size_t)size - 1), &entry)) {
            fprintf(stderr, "the ledger of erasures %s: line %" PRIu64 " is damaged\n",
                    ledger->path, line);
            err = TOC_ERR_DAMAGED;
        } else if (each != NULL) {
            err = each(arg, &entry);
        }
        end += (off_t)size;
    }
    free(text);
    fclose(file);
    if (err == TOC_OK)
        ledger->size = end;
    return err;
}

static enum toc_err open_file(struct ledger *ledger)
{
    struct stat about;
    ledger->fd = open(ledger->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (ledger->fd < 0 || fstat(ledger->fd, &about) != 0 || !S_ISREG(about.st_mode))
        return tell(ledger, TOC_ERR_CONFIG, "cannot be opened or made");
    if (flock(ledger->fd, LOCK_EX | LOCK_NB) != 0)
        return tell(ledger, TOC_ERR_CONFIG, "is in use by another intake");
    ledger->size = about.st_size;
    TOC_TRY(read_lines(ledger, NULL, NULL));
    ledger->end = ledger->size;
    if (ledger->size == about.st_size)
        return TOC_OK;
    return ftruncate(ledger->fd, ledger->size) == 0 && fsync(ledger->fd) == 0
               ? TOC_OK
               : tell(ledger, TOC_ERR_CONFIG, "cannot be mended: its last line is cut short");
}

/* Its name has to outlive a crash as well. */
static enum toc_err sync_parent(const char *path)
{
    char dir[4096];
    const char *slash = strrchr(path, '/');
    int size = slash == NULL ? snprintf(dir, sizeof(dir), ".")
                             : snprintf(dir, sizeof(dir), "%.*s/", (int)(slash - path), path);
    if (size <= 0 || (size_t)size >= sizeof(dir))
        return TOC_ERR_CONFIG;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return TOC_OK; /* a directory that we may not read is not ours to flush */
    int rc = fsync(fd);
    close(fd);
    return rc == 0 ? TOC_OK : TOC_ERR_IO;
}

enum toc_err ledger_open(const char *path, struct ledger **out)
{
    struct ledger *ledger = calloc(1, sizeof(*ledger));
    if (ledger == NULL)
        return TOC_ERR_MEMORY;
    ledger->path = path;
    ledger->fd = -1;
    enum toc_err err = open_file(ledger);
    if (err == TOC_OK)
        err = sync_parent(path);
    if (err != TOC_OK) {
        ledger_close(ledger);
        return err;
    }
    *out = ledger;
    return TOC_OK;
}

void ledger_close(struct ledger *ledger)
{
    if (ledger == NULL)
        return;
    if (ledger->fd >= 0)
        close(ledger->fd);
    free(ledger);
}

enum toc_err ledger_replay(struct ledger *ledger, ledger_fn each, void *arg)
{
    return read_lines(ledger, each, arg);
}

/* Nothing may be left behind the last line that stands. */
static enum toc_err take_back(struct ledger *ledger, bool full)
{
    ledger->end = ledger->size;
    return ftruncate(ledger->fd, ledger->size) == 0 && full ? TOC_ERR_FULL : TOC_ERR_IO;
}

enum toc_err ledger_append(struct ledger *ledger, const struct ledger_entry *entry)
{
    char text[LINE_MAX_];
    size_t size = write_line(text, entry);
    ssize_t put = pwrite(ledger->fd, text, size, ledger->end);
    TOC_EXIT_POINT("ledger_written");
    if (put < 0 || (size_t)put < size)
        return take_back(ledger, put >= 0 || errno == ENOSPC || errno == EDQUOT);
    ledger->end += (off_t)size;
    return TOC_OK;
}

enum toc_err ledger_sync(struct ledger *ledger)
{
    if (ledger->end == ledger->size)
        return TOC_OK;
    if (fsync(ledger->fd) != 0)
        return take_back(ledger, errno == ENOSPC || errno == EDQUOT);
    ledger->size = ledger->end;
    return TOC_OK;
}
