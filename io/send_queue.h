// SendQueue: the output of one pipe, ready for scatter writes. Small frames are copied side by side
// into chunks, large bodies are referenced. Empty, it owns nothing.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "spool/io/frame.h"
#include "spool/io/message.h"
#include "spool/io/pool_deque.h"

namespace spool::io {

// Owned by its pipe. Knows frame boundaries, so that a count of what was lost is exact.
class SendQueue {
 public:
  // Bodies up to this are copied: for those one more buffer in the write costs more than the copy.
  static constexpr std::size_t copy_max = 2048;

  SendQueue(MessagePool& pool, Framing framing) noexcept
      : pool_(&pool), framing_(framing), segments_(pool) {}

  // Appends a whole frame; `message` is empty afterwards. Error::no_memory: nothing changed.
  [[nodiscard]] Error push(Message& message) noexcept;
  // The same for a frame whose first `written` bytes are on the wire; the queue is empty before.
  [[nodiscard]] Error push_rest(Message& message, std::size_t written) noexcept;

  // The next bytes to write, in order; returns how many buffers were filled in.
  [[nodiscard]] std::size_t peek(std::span<iovec> buffers) noexcept;
  // So many of them are written.
  void consume(std::size_t bytes) noexcept;

  // Drops the oldest frame of which no byte is written; false: there is none. One that is partly
  // written stays, and finishes.
  bool drop_oldest() noexcept;
  // Takes that frame out as a message, to go elsewhere: header and body are joined in its body.
  // A large body is handed over, a small one copied. False: there is none, or no memory for the
  // copy; the frame and `message` are unchanged then, and messages() is what cannot be taken back.
  [[nodiscard]] bool take_back(Message& message) noexcept;

  [[nodiscard]] bool empty() const noexcept { return bytes_ == 0; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  // Frames that are not wholly written.
  [[nodiscard]] std::size_t messages() const noexcept { return messages_; }
  // Drops everything.
  void clear() noexcept;

 private:
  struct Segment {
    Message storage;        // a chunk of our own, or a body that is referenced
    const std::byte* data;  // not yet written
    std::size_t size;
    std::uint32_t ends;    // frames that end in here
    std::size_t overhang;  // bytes of the last frame that lie in the next segment
  };
  // Where a frame lies of which no byte is written.
  struct Place {
    std::size_t index;    // of the segment with its header
    std::size_t skip;     // what that segment still holds of the frame before
    std::size_t payload;  // its size
    std::size_t body;     // of a large payload: its segment, this one or the next
  };

  [[nodiscard]] bool make_room(std::size_t bytes) noexcept;
  void append(const std::byte* bytes, std::size_t size) noexcept;
  [[nodiscard]] Error push_body(Message& message, std::size_t skip) noexcept;
  [[nodiscard]] std::size_t payload_at(const std::byte* frame) const noexcept;
  [[nodiscard]] Segment& at(std::size_t index) noexcept;
  void remove(std::size_t index) noexcept;
  [[nodiscard]] bool find_unwritten(Place& place) noexcept;
  void cut(const Place& place) noexcept;

  MessagePool* pool_;
  Framing framing_;
  std::uint32_t room_ = 0;  // left in the last chunk
  std::byte* room_at_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t messages_ = 0;
  std::size_t frame_left_ = 0;  // of the frame that the next byte belongs to; 0: at a boundary
  PoolDeque<Segment> segments_;
};

}  // namespace spool::io
