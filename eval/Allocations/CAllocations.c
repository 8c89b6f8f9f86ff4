// The program's own `malloc` and its kin stand before those of the C library, count, and hand on to
// them. What they return is the library's, so its `free` needs no counterpart here.

#include "CAllocations.h"

#include <malloc.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LEAVES_MALLOC_ALONE
#endif
#endif

// In the thread's own memory from its first moment on: to reach it never allocates.
static _Thread_local struct allocations made __attribute__((tls_model("initial-exec")));

struct allocations allocations_of_thread(void) { return made; }

void allocations_map_from(int size) {
  mallopt(M_MMAP_THRESHOLD, size);
  // Each is one mapping, of which the kernel lets a process have 65,530 by default.
  mallopt(M_MMAP_MAX, 60000);
}

void allocations_give_back(void) { malloc_trim(0); }

uint64_t allocations_in_use(void) {
#if defined(LEAVES_MALLOC_ALONE)
  return 0;
#elif __GLIBC_PREREQ(2, 33)
  struct mallinfo2 found = mallinfo2();
  return found.uordblks + found.hblkhd;
#else
  // It counts in 32 bits.
  struct mallinfo found = mallinfo();
  return (uint64_t)(unsigned)found.uordblks + (unsigned)found.hblkhd;
#endif
}

#ifdef LEAVES_MALLOC_ALONE

bool allocations_are_counted(void) { return false; }

#else

#include <errno.h>
#include <stddef.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static void add(size_t size) {
  made.count += 1;
  made.size += size;
}

bool allocations_are_counted(void) { return true; }

void *malloc(size_t size) {
  add(size);
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  add(count * size);
  return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
  add(size);
  return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
  add(size);
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **memory, size_t alignment, size_t size) {
  if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) {
    return EINVAL;
  }
  void *found = memalign(alignment, size);
  if (found == NULL) return ENOMEM;
  *memory = found;
  return 0;
}

#endif
