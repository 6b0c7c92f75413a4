/* A file with a mail, and what is read from it as one line of JSON. */
#ifndef CLI_MAIL_READ_H
#define CLI_MAIL_READ_H

/* "-" is standard input. What goes wrong is told; CLI_DONE or CLI_FAILED. */
int mail_read_file(const char *path);

#endif
