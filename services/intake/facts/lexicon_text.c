#include "services/intake/facts/lexicon_text.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define SUFFIX     ".lexicon"
#define READ_CHUNK 65536

/* The shipped files are embedded as they are; FACTS_LEXICON_DIR is their directory in the source.
 */
#define BUILT_IN(X) X(en) X(es) X(hi) X(ms) X(products) X(pt)

#define EMBED(name)                                                                                \
    __asm__(".pushsection .rodata, \"a\", @progbits\n"                                             \
            ".global lexicon_" #name "_begin\n"                                                    \
            ".hidden lexicon_" #name "_begin\n"                                                    \
            "lexicon_" #name "_begin:\n"                                                           \
            ".incbin \"" FACTS_LEXICON_DIR "/" #name SUFFIX "\"\n"                                 \
            ".global lexicon_" #name "_end\n"                                                      \
            ".hidden lexicon_" #name "_end\n"                                                      \
            "lexicon_" #name "_end:\n"                                                             \
            ".popsection\n");                                                                      \
    extern const char lexicon_##name##_begin[];                                                    \
    extern const char lexicon_##name##_end[];

BUILT_IN(EMBED)

static enum toc_err say(char **out_errors, const char *where, const char *what)
{
    return asprintf(out_errors, "%s: %s\n", where, what) < 0 ? TOC_ERR_MEMORY : TOC_ERR_CONFIG;
}

/* Appends bytes to the text; a file's last line gets its end. */
static enum toc_err append(struct lexicon_text *text, const char *bytes, size_t size)
{
    if (text->size + size + 1 > LEXICON_TEXT_MAX)
        return TOC_ERR_LIMIT;
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    return TOC_OK;
}

static void begin_file(struct lexicon_text *text, const char *name)
{
    char *kept = text->names[text->file_count];
    toc_str_copy(kept, TOC_DIAG_NAME_MAX, toc_str_of(name));
    text->files[text->file_count] =
        (struct toc_diag_file){.name = toc_str_of(kept), .begin = text->size};
}

static void end_file(struct lexicon_text *text)
{
    struct toc_diag_file *file = &text->files[text->file_count++];
    if (text->size > file->begin && text->bytes[text->size - 1] != '\n')
        text->bytes[text->size++] = '\n';
    file->size = text->size - file->begin;
}

/* --- built in ------------------------------------------------------------------------------- */

static enum toc_err take_built_in(struct lexicon_text *text)
{
#define TAKE(name)                                                                                 \
    begin_file(text, #name SUFFIX);                                                                \
    TOC_TRY(append(text, lexicon_##name##_begin,                                                   \
                   (size_t)(lexicon_##name##_end - lexicon_##name##_begin)));                      \
    end_file(text);
    BUILT_IN(TAKE)
#undef TAKE
    return TOC_OK;
}

/* --- a directory ---------------------------------------------------------------------------- */

static int is_lexicon(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name), suffix = sizeof(SUFFIX) - 1;
    return entry->d_name[0] != '.' && size > suffix &&
           strcmp(entry->d_name + size - suffix, SUFFIX) == 0;
}

static enum toc_err append_file(struct lexicon_text *text, FILE *in)
{
    char chunk[READ_CHUNK];
    struct stat status;
    size_t size;
    if (fstat(fileno(in), &status) != 0)
        return TOC_ERR_IO;
    if (!S_ISREG(status.st_mode)) { /* a pipe would be waited for */
        errno = EINVAL;
        return TOC_ERR_IO;
    }
    while ((size = fread(chunk, 1, sizeof(chunk), in)) > 0)
        TOC_TRY(append(text, chunk, size));
    return ferror(in) ? TOC_ERR_IO : TOC_OK;
}

static enum toc_err read_file(struct lexicon_text *text, const char *path, char **out_errors)
{
    FILE *in = fopen(path, "rbe");
    if (in == NULL)
        return say(out_errors, path, strerror(errno));
    enum toc_err err = append_file(text, in);
    int failed = errno;
    fclose(in);
    if (err == TOC_ERR_LIMIT)
        return say(out_errors, path, "the files are larger than 1 MB together");
    return err == TOC_OK ? TOC_OK : say(out_errors, path, strerror(failed));
}

static enum toc_err read_named(struct lexicon_text *text, const char *dir, const char *name,
                               char **out_errors)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s", dir, name) < 0)
        return TOC_ERR_MEMORY;
    begin_file(text, name);
    enum toc_err err = read_file(text, path, out_errors);
    if (err == TOC_OK)
        end_file(text);
    free(path);
    return err;
}

static enum toc_err read_dir(struct lexicon_text *text, const char *dir, char **out_errors)
{
    struct dirent **entries = NULL;
    int count = scandir(dir, &entries, is_lexicon, alphasort);
    enum toc_err err = TOC_OK;
    if (count < 0)
        return say(out_errors, dir, strerror(errno));
    if (count == 0)
        err = say(out_errors, dir, "there is no *" SUFFIX " file in it");
    else if (count > LEXICON_FILES_MAX)
        err = say(out_errors, dir, "there are more than 64 *" SUFFIX " files in it");
    for (int i = 0; i < count; i++) {
        if (err == TOC_OK)
            err = read_named(text, dir, entries[i]->d_name, out_errors);
        free(entries[i]);
    }
    free(entries);
    return err;
}

enum toc_err lexicon_text_read(const char *dir, struct lexicon_text *out, char **out_errors)
{
    enum toc_err err;
    out->size = out->file_count = 0;
    out->bytes = malloc(LEXICON_TEXT_MAX);
    if (out->bytes == NULL)
        return TOC_ERR_MEMORY;
    err = dir != NULL ? read_dir(out, dir, out_errors) : take_built_in(out);
    if (err != TOC_OK)
        lexicon_text_done(out);
    return err;
}

void lexicon_text_done(struct lexicon_text *text)
{
    free(text->bytes);
    text->bytes = NULL;
}
