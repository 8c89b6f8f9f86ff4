#ifndef C_GRAPEVINE_LINUX_H
#define C_GRAPEVINE_LINUX_H

// What Swift's Glibc module does not show: whole headers that it leaves out, and functions that glibc
// declares under _GNU_SOURCE only, which the module is built without.

#include <pthread.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

/// The kernel's `struct mmsghdr`: one message of a batch and the number of bytes that were moved.
struct grapevine_message {
  struct msghdr header;
  unsigned int length;
};

/// recvmmsg(2) without a time-out.
int grapevine_recvmmsg(int descriptor, struct grapevine_message *messages, unsigned int count, int flags);

/// sendmmsg(2).
int grapevine_sendmmsg(int descriptor, struct grapevine_message *messages, unsigned int count, int flags);

/// accept4(2).
int grapevine_accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);

/// pthread_setname_np(3) for the calling thread; returns an error number.
int grapevine_set_thread_name(const char *name);

#endif
