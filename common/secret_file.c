#include "common/secret_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

bool toc_secret_path(const char *file_name, struct toc_str name, char out[TOC_SECRET_PATH_MAX])
{
    const char *slash = strrchr(file_name, '/');
    int dir = slash == NULL || name.data[0] == '/' ? 0 : (int)(slash + 1 - file_name);
    int used =
        snprintf(out, TOC_SECRET_PATH_MAX, "%.*s%.*s", dir, file_name, (int)name.size, name.data);
    return used > 0 && used < TOC_SECRET_PATH_MAX;
}

ssize_t toc_secret_read(const char *path, char *out, size_t size, const char **why)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t got = -1;
    *why = "cannot be read";
    if (fd < 0)
        return -1;
    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode)) {
        if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
            *why = "may be read by others: chmod 600 it";
        else if ((size_t)about.st_size > size)
            *why = "is too large";
        else
            got = read(fd, out, size);
    }
    close(fd);
    return got;
}

bool toc_secret_line(struct toc_str *text, struct toc_str *out)
{
    while (text->size > 0) {
        const char *end = memchr(text->data, '\n', text->size);
        struct toc_str line = toc_str(text->data, end ? (size_t)(end - text->data) : text->size);
        *text = toc_str_from(*text, line.size + (end != NULL));
        while (line.size > 0 && strchr(" \t\r", line.data[line.size - 1]) != NULL)
            line.size--;
        while (line.size > 0 && strchr(" \t", line.data[0]) != NULL)
            line = toc_str_from(line, 1);
        *out = line;
        if (line.size > 0 && line.data[0] != '#')
            return true;
    }
    return false;
}
