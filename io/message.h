// Message: one message, owned. A move-only handle on a pooled block, with room in front of the body
// so that a protocol header is added without a copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "spool/loop/assert.h"
#include "spool/loop/error.h"

namespace spool {

class MessagePool;

namespace io {

// The head of a block of storage; the bytes follow it. Owned by its pool, held by the messages
// that refer to it. Counts are plain: a pool and its messages stay on one thread.
struct Block {
  MessagePool* pool;
  Block* next_free;
  std::uint32_t references;
  std::uint32_t front;     // the lowest byte that some message uses; below it is free headroom
  std::uint32_t capacity;  // bytes that follow
  std::uint32_t size_class;

  [[nodiscard]] std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
};

void release_last(Block* block) noexcept;  // message_pool.cc: the count has reached zero

}  // namespace io

// An empty Message (no block) is a valid message with an empty body. Messages may outlive the loop
// and the socket they came from; they stay on the loop's thread.
class Message {
 public:
  // The largest body a message can have.
  static constexpr std::size_t max_size = (std::size_t{1} << 31) - 1;

  Message() noexcept = default;
  Message(const Message&) = delete;  // share() makes a second owner, MessagePool::copy_of a copy
  Message& operator=(const Message&) = delete;
  Message(Message&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        begin_(std::exchange(other.begin_, 0)),
        body_(std::exchange(other.body_, 0)),
        end_(std::exchange(other.end_, 0)),
        peer_(std::exchange(other.peer_, 0)) {}
  Message& operator=(Message&& other) noexcept {
    if (this != &other) {
      reset();
      block_ = std::exchange(other.block_, nullptr);
      begin_ = std::exchange(other.begin_, 0);
      body_ = std::exchange(other.body_, 0);
      end_ = std::exchange(other.end_, 0);
      peer_ = std::exchange(other.peer_, 0);
    }
    return *this;
  }
  ~Message() { reset(); }

  // The user's bytes.
  [[nodiscard]] std::span<const std::byte> body() const noexcept {
    return {data() + body_, std::size_t{end_ - body_}};
  }
  // The same as text. The bytes are whatever the peer sent: no encoding is checked.
  [[nodiscard]] std::string_view text() const noexcept {
    return {reinterpret_cast<const char*>(data() + body_), std::size_t{end_ - body_}};
  }
  // Is there another owner of these bytes? A message that came over inproc, or by a Reader, may be
  // shared with whoever sent it; EventLoop::unshare makes it one's own.
  [[nodiscard]] bool shared() const noexcept { return block_ != nullptr && block_->references > 1; }
  // To fill it in. Only while it is not shared: writing into a shared message is a bug, and aborts.
  [[nodiscard]] std::span<std::byte> mutable_body() noexcept {
    SPOOL_ASSERT(block_ == nullptr || block_->references == 1);
    return {data() + body_, std::size_t{end_ - body_}};
  }
  [[nodiscard]] std::size_t size() const noexcept { return end_ - body_; }
  [[nodiscard]] bool empty() const noexcept { return end_ == body_; }

  // Shortens the body from behind; longer than it is: nothing happens.
  void truncate(std::size_t size) noexcept {
    if (size < this->size()) end_ = body_ + static_cast<std::uint32_t>(size);
  }

  // A second owner of the same bytes; no copy.
  [[nodiscard]] Message share() const noexcept {
    Message other;
    other.block_ = block_;
    other.begin_ = begin_;
    other.body_ = body_;
    other.end_ = end_;
    other.peer_ = peer_;
    if (block_ != nullptr) ++block_->references;
    return other;
  }

  // Gives the bytes back; the message is empty afterwards.
  void reset() noexcept {
    if (block_ != nullptr && --block_->references == 0) io::release_last(block_);
    block_ = nullptr;
    begin_ = body_ = end_ = peer_ = 0;
  }

  // Which of its socket's peers it came from (Event::peer); 0: it was made here. On a PAIR v1
  // socket in polyamorous mode: which one it goes to.
  [[nodiscard]] std::uint32_t peer() const noexcept { return peer_; }
  void set_peer(std::uint32_t peer) noexcept { peer_ = peer; }

  // The protocol header in front of the body; users of cooked sockets see an empty one.
  [[nodiscard]] std::span<const std::byte> header() const noexcept {
    return {data() + begin_, std::size_t{body_ - begin_}};
  }
  // Header and body, as they follow each other on the wire.
  [[nodiscard]] std::span<const std::byte> payload() const noexcept {
    return {data() + begin_, std::size_t{end_ - begin_}};
  }
  // The first `size` bytes of the body become the last ones of the header. Not longer than the
  // body.
  void body_to_header(std::size_t size) noexcept {
    SPOOL_ASSERT(size <= this->size());
    body_ += static_cast<std::uint32_t>(size);
  }
  // The header becomes part of the body: how a message looks to whoever receives it.
  void header_to_body() noexcept { body_ = begin_; }
  // Puts `bytes` in front of the header if there is free room that is ours alone; false: nothing
  // changed. MessagePool::push_header makes room where there is none.
  [[nodiscard]] bool prepend_in_place(std::span<const std::byte> bytes) noexcept {
    if (block_ == nullptr || block_->references != 1 || begin_ < bytes.size()) return false;
    begin_ -= static_cast<std::uint32_t>(bytes.size());
    block_->front = begin_;
    if (!bytes.empty()) std::memcpy(data() + begin_, bytes.data(), bytes.size());
    return true;
  }
  // Forgets the header.
  void drop_header() noexcept { begin_ = body_; }
  // Takes the first `size` bytes of the header away again.
  void drop_front(std::size_t size) noexcept {
    SPOOL_ASSERT(size <= body_ - begin_);
    begin_ += static_cast<std::uint32_t>(size);
  }

 private:
  friend class MessagePool;
  [[nodiscard]] std::byte* data() const noexcept {
    return block_ == nullptr ? nullptr : block_->bytes();
  }

  io::Block* block_ = nullptr;
  std::uint32_t begin_ = 0;  // of the header
  std::uint32_t body_ = 0;
  std::uint32_t end_ = 0;
  std::uint32_t peer_ = 0;
};

}  // namespace spool
