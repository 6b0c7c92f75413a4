/*
 * `tocsin-intake --mail-pipe`: one mail on standard input goes to the running intake by LMTP. For
 * mail servers that start a program for each mail; the exit status says what they do next
 * (sysexits.h): 0 it is on disk, 75 keep it and try again, 65 give it back.
 */
#ifndef INTAKE_MAIL_PIPE_H
#define INTAKE_MAIL_PIPE_H

/* With `argv[1]` being --mail-pipe; returns the exit status. */
int mail_pipe_main(int argc, char **argv);

#endif
