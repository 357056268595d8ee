// kqueue() and kevent() for tests on Linux: the part that loop/poller_kqueue.cc uses, with macOS's
// names, types and values. What it keeps and what it does not: docs/kqueue.md.
#pragma once
#pragma GCC system_header  // as the real one is: gcc finds that kevent() shadows a constructor

#include <time.h>

#include <cstdint>

struct kevent {
  std::uintptr_t ident;
  std::int16_t filter;
  std::uint16_t flags;
  std::uint32_t fflags;
  std::intptr_t data;
  void* udata;
};

#define EV_SET(event, ident_, filter_, flags_, fflags_, data_, udata_) \
  do {                                                                 \
    struct kevent* to_set = (event);                                   \
    to_set->ident = (ident_);                                          \
    to_set->filter = (filter_);                                        \
    to_set->flags = (flags_);                                          \
    to_set->fflags = (fflags_);                                        \
    to_set->data = (data_);                                            \
    to_set->udata = (udata_);                                          \
  } while (0)

#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)
#define EVFILT_TIMER (-7)
#define EVFILT_USER (-10)

#define EV_ADD 0x0001
#define EV_DELETE 0x0002
#define EV_ENABLE 0x0004
#define EV_DISABLE 0x0008
#define EV_ONESHOT 0x0010
#define EV_CLEAR 0x0020
#define EV_RECEIPT 0x0040
#define EV_ERROR 0x4000
#define EV_EOF 0x8000

#define NOTE_USECONDS 0x00000002
#define NOTE_NSECONDS 0x00000004
#define NOTE_TRIGGER 0x01000000

extern "C" {
int kqueue();
int kevent(int queue, const struct kevent* changes, int change_count, struct kevent* events,
           int event_count, const struct timespec* timeout);
}
