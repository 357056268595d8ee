// Runs a spool loop from a ring of io_uring (liburing 2.2 or later) and the program's own loop over
// its completions.
//
//   spool::hosts::IoUring guest;
//   guest.attach(loop, &ring).value();
//   while (running) {
//     io_uring_submit_and_wait(&ring, 1);            // submits what the guest asks for, too
//     while (io_uring_peek_cqe(&ring, &completion) == 0) {
//       if (!guest.handle(completion)) ...           // one of the program's own
//       io_uring_cqe_seen(&ring, completion);
//     }
//   }
#pragma once

#include <liburing.h>
#include <poll.h>

#include <cerrno>
#include <cstdint>

#include "spool/hosts/guest.h"

namespace spool::hosts {

// Owned by the program; borrows the loop and the ring, which outlive the attachment. All calls come
// from one thread. May be detached, attached again and destroyed in any callback.
//
// It only queues its requests (one per turn, a one-shot poll): the program's next submit carries
// them, so the program submits before it waits. When the queue is full it submits by itself.
class IoUring : public Guest {
 public:
  IoUring() noexcept = default;  // not attached
  ~IoUring() { detach(); }

  // From now on the ring has a completion of ours whenever poll_once would do something.
  // `user_data`, a multiple of 4, and the three numbers after it are the marks of our completions;
  // without one, it is the address of this object. All requests of the program need other ones: one
  // that is not set is that of an earlier request. not_supported: the loop has no backend_fd.
  // invalid_argument: attached already, no ring, or another `user_data`. would_block: the
  // submission queue is full, and the kernel takes nothing. no_descriptors, no_memory. Then nothing
  // is attached.
  [[nodiscard]] Result<void> attach(EventLoop& loop, io_uring* ring) noexcept {
    return attach(loop, ring, static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(this)));
  }
  [[nodiscard]] Result<void> attach(EventLoop& loop, io_uring* ring,
                                    std::uint64_t user_data) noexcept {
    if (ring == nullptr || user_data % marks != 0) return Error::invalid_argument;
    const Result<NativeHandle> descriptor = descriptor_of(loop);
    if (!descriptor.ok()) return descriptor.error();
    // The poll of the attachment before may still be on its way back: it has the other mark.
    mark_ = user_data + ((mark_ & 1) ^ 1);
    ring_ = ring;
    descriptor_ = descriptor.value();
    is_armed_ = false;
    arm();
    if (!is_armed_) return Error::would_block;
    begin(loop);
    return {};
  }

  // Also twice. Queues the request to forget ours; what comes back of both is still for handle(),
  // which does nothing with it. If the submission queue is full and the kernel takes nothing, the
  // poll stays in the ring until it is ready; that does no harm.
  void detach() noexcept {
    if (!end() || !is_armed_) return;
    io_uring_sqe* const entry = queue_entry();
    if (entry == nullptr) return;
    io_uring_prep_cancel64(entry, mark_, 0);
    io_uring_sqe_set_data64(entry, (mark_ & ~(marks - 1)) + cancel_mark);
  }

  // To be called with every completion of the ring, before io_uring_cqe_seen: true when it was
  // ours; then it has run one poll_once and asked for the next. Where one of ours could not be
  // asked for because of a full queue, any completion is the occasion to try again.
  bool handle(const io_uring_cqe* completion) noexcept {
    const std::uint64_t mark = completion->user_data;
    const int said = completion->res;
    const bool is_ours = ring_ != nullptr && (mark ^ mark_) < marks;
    if (attached() && is_armed_ && mark == mark_) {
      is_armed_ = false;
      if (!respond(said)) return true;
    }
    if (attached() && !is_armed_ && !serving()) arm();
    return is_ours;
  }

 private:
  // Marks, added to the user's: 0 and 1, in turn, the polls; 2, requests to cancel one.
  static constexpr std::uint64_t marks = 4;
  static constexpr std::uint64_t cancel_mark = 2;

  // To what the poll has said: false when a callback has ended the attachment. Cancelled is a poll
  // of ours only by the program, which then wants another one: else it would detach.
  bool respond(int said) noexcept {
    if (said == -ECANCELED) return true;
    const After after = said < 0 ? fail(host_error(-said)) : serve();
    if (after == After::failed) detach();
    // Attached by the callback that has come here: its turn knows nothing of this attachment.
    if (after == After::reentrant) arm();
    return after != After::ended;
  }

  // Null when the queue is full and cannot be emptied.
  [[nodiscard]] io_uring_sqe* queue_entry() noexcept {
    io_uring_sqe* entry = io_uring_get_sqe(ring_);
    if (entry != nullptr) return entry;
    if (io_uring_submit(ring_) < 0) return nullptr;
    io_uring_sqring_wait(ring_);  // where a thread of the kernel takes them: does not wait else
    return io_uring_get_sqe(ring_);
  }

  // One-shot, as what is still readable is then told again: a multishot poll tells changes only.
  void arm() noexcept {
    io_uring_sqe* const entry = queue_entry();
    if (entry == nullptr) return;
    io_uring_prep_poll_add(entry, descriptor_, POLLIN);
    io_uring_sqe_set_data64(entry, mark_);
    is_armed_ = true;
  }

  io_uring* ring_ = nullptr;  // null until the first attach
  std::uint64_t mark_ = 0;    // of the poll
  NativeHandle descriptor_ = invalid_handle;
  bool is_armed_ = false;  // the poll is queued or in the kernel
};

}  // namespace spool::hosts
