#ifndef C_ALLOCATIONS_H
#define C_ALLOCATIONS_H

#include <stdbool.h>
#include <stdint.h>

/// What a thread has asked `malloc` and its kin for: how often, and how many bytes. What is freed
/// again counts as well.
struct allocations {
  uint64_t count;
  uint64_t size;
};

/// Says whether allocations are counted; they are not under a sanitizer, which has a `malloc` of
/// its own.
bool allocations_are_counted(void);

/// What the calling thread has allocated since it began.
struct allocations allocations_of_thread(void);

/// How many bytes are in use, of all threads, with what the allocator keeps beside each; zero under
/// a sanitizer.
uint64_t allocations_in_use(void);

/// Lets each allocation of `size` bytes and more have pages of its own, which go back to the system
/// with it: arrays that grow leave no holes behind.
void allocations_map_from(int size);

/// Gives free memory back to the system.
void allocations_give_back(void);

/// Lets the system kill this process when the thread that started it ends.
void parent_takes_along(void);

#endif
