#ifndef SHIFTED_CLOCK_H
#define SHIFTED_CLOCK_H

// A program that links this has a wall clock of its own, which can be set like the system's: the
// functions of libc that read it are replaced for all that is linked into the program. The other
// clocks stay as they are.

#include <stdint.h>

/// Sets the program's wall clock forward, or back, by so many milliseconds from where it is.
void shifted_clock_step(int64_t milliseconds);

#endif
