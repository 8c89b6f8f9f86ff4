// prctl takes any number of arguments, and so can't be called by Swift.

#include "CAllocations.h"

#include <signal.h>
#include <sys/prctl.h>

void parent_takes_along(void) { prctl(PR_SET_PDEATHSIG, SIGKILL); }
