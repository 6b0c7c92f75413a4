/*
 * Named places at which a test may end the process, as kill -9 would but exactly there.
 *
 * Compiled in with TOCSIN_PLANT only. TOCSIN_EXIT_AT=name:n in the environment makes the nth pass
 * of TOC_EXIT_POINT("name") call _exit(137): no handler runs and no buffer is flushed. Without the
 * option nothing of this remains. tests/crash goes through all of them.
 */
#ifndef TOC_EXIT_POINT_H
#define TOC_EXIT_POINT_H

#ifdef TOCSIN_PLANT
void toc_exit_point(const char *name);
#define TOC_EXIT_POINT(name) toc_exit_point(name)
#else
#define TOC_EXIT_POINT(name) ((void)0)
#endif

#endif
