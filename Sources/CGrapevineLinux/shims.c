#define _GNU_SOURCE

#include "CGrapevineLinux.h"

_Static_assert(sizeof(struct grapevine_message) == sizeof(struct mmsghdr), "layout of mmsghdr");
_Static_assert(
    offsetof(struct grapevine_message, length) == offsetof(struct mmsghdr, msg_len),
    "layout of mmsghdr");

int grapevine_recvmmsg(
    int descriptor, struct grapevine_message *messages, unsigned int count, int flags) {
  return recvmmsg(descriptor, (struct mmsghdr *)messages, count, flags, NULL);
}

int grapevine_sendmmsg(
    int descriptor, struct grapevine_message *messages, unsigned int count, int flags) {
  return sendmmsg(descriptor, (struct mmsghdr *)messages, count, flags);
}

int grapevine_accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags) {
  return accept4(descriptor, address, length, flags);
}

int grapevine_set_thread_name(const char *name) {
  return pthread_setname_np(pthread_self(), name);
}
