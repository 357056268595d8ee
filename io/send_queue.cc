#include "spool/io/send_queue.h"

#include <algorithm>
#include <cstring>

namespace spool::io {

namespace {

// One chunk for a lone message, a large one as soon as a burst shows. A full chunk stays below
// 64 KiB: on loopback tcp a write of exactly 65,536 bytes is three times slower.
constexpr std::size_t first_chunk = 4096;
constexpr std::size_t next_chunk = 64'000;

}  // namespace

void SendQueue::clear() noexcept {
  segments_.clear();
  room_ = 0;
  bytes_ = messages_ = frame_left_ = 0;
}

// Makes sure that `bytes` (at most copy_max and a header) fit into the last chunk.
bool SendQueue::make_room(std::size_t bytes) noexcept {
  if (room_ >= bytes) return true;
  const std::size_t size = segments_.empty() ? first_chunk : next_chunk;
  Result<Message> chunk = pool_->make(size);
  if (!chunk.ok()) return false;
  std::byte* start = chunk->mutable_body().data();
  if (!segments_.push_back({std::move(chunk).value(), start, 0, 0, 0})) return false;
  room_at_ = start;
  room_ = static_cast<std::uint32_t>(size);
  return true;
}

void SendQueue::append(const std::byte* bytes, std::size_t size) noexcept {
  if (size == 0) return;
  std::memcpy(room_at_, bytes, size);
  room_at_ += size;
  room_ -= static_cast<std::uint32_t>(size);
  segments_.back().size += size;
  bytes_ += size;
}

// The payload as a segment of its own, without its first `skip` bytes.
Error SendQueue::push_body(Message& message, std::size_t skip) noexcept {
  const std::span<const std::byte> rest = message.payload().subspan(skip);
  Segment segment{std::move(message), rest.data(), rest.size(), 1, 0};
  if (!segments_.push_back(std::move(segment))) {
    message = std::move(segment.storage);
    return Error::no_memory;
  }
  room_ = 0;
  bytes_ += rest.size();
  ++messages_;
  return Error::none;
}

Error SendQueue::push(Message& message) noexcept {
  std::byte header[frame_header_max];
  const std::size_t header_size = frame_header_size(framing_);
  const std::size_t size = message.payload().size();
  encode_frame_header(framing_, size, header);
  if (size <= copy_max) {
    if (!make_room(header_size + size)) return Error::no_memory;
    append(header, header_size);
    append(message.payload().data(), size);
    ++segments_.back().ends;
    ++messages_;
    message.reset();
    return Error::none;
  }
  if (message.prepend_in_place({header, header_size})) {
    const Error error = push_body(message, 0);
    // What was prepended lies in free room: taking it back costs nothing.
    if (error != Error::none) message.drop_front(header_size);
    return error;
  }
  if (!make_room(header_size)) return Error::no_memory;
  append(header, header_size);
  Segment& chunk = segments_.back();
  chunk.overhang = size;
  const Error error = push_body(message, 0);
  if (error != Error::none) {
    chunk.overhang = 0;
    chunk.size -= header_size;
    room_at_ -= header_size;
    room_ += static_cast<std::uint32_t>(header_size);
    bytes_ -= header_size;
  }
  return error;
}

Error SendQueue::push_rest(Message& message, std::size_t written) noexcept {
  SPOOL_ASSERT(empty());
  std::byte header[frame_header_max];
  const std::size_t header_size = frame_header_size(framing_);
  const std::size_t size = message.payload().size();
  encode_frame_header(framing_, size, header);
  const std::size_t header_rest = header_size - std::min(header_size, written);
  const std::size_t skip = written - (header_size - header_rest);
  const std::size_t left = header_rest + size - skip;
  const bool copy = size - skip <= copy_max;
  if (header_rest != 0 || copy) {
    if (!make_room(header_rest + (copy ? size - skip : 0))) return Error::no_memory;
    append(header + (header_size - header_rest), header_rest);
  }
  frame_left_ = left;
  if (copy) {
    append(message.payload().data() + skip, size - skip);
    segments_.back().ends = 1;
    ++messages_;
    message.reset();
    return Error::none;
  }
  if (header_rest != 0) segments_.back().overhang = size;
  return push_body(message, skip);
}

std::size_t SendQueue::peek(std::span<iovec> buffers) noexcept {
  std::size_t count = 0;
  segments_.each([&](Segment& segment) {
    if (count == buffers.size()) return false;
    if (segment.size != 0) buffers[count++] = {const_cast<std::byte*>(segment.data), segment.size};
    return true;
  });
  return count;
}

void SendQueue::consume(std::size_t bytes) noexcept {
  SPOOL_ASSERT(bytes <= bytes_);
  bytes_ -= bytes;
  while (!segments_.empty()) {
    Segment& segment = segments_.front();
    if (bytes < segment.size) break;
    bytes -= segment.size;
    messages_ -= segment.ends;
    frame_left_ = segment.overhang;
    segments_.pop_front();
    if (segments_.empty()) room_ = 0;
  }
  if (bytes == 0) return;
  // A write that ended inside a segment: walk its frames, to know how many are whole.
  Segment& segment = segments_.front();
  segment.size -= bytes;
  while (bytes != 0) {
    if (frame_left_ == 0) {
      std::uint64_t size = 0;
      const Error error = decode_frame_header(framing_, segment.data, UINT64_MAX, size);
      SPOOL_ASSERT(error == Error::none);
      frame_left_ = frame_header_size(framing_) + static_cast<std::size_t>(size);
    }
    const std::size_t step = std::min(bytes, frame_left_);
    segment.data += step;
    bytes -= step;
    frame_left_ -= step;
    if (frame_left_ == 0) {
      --segment.ends;
      --messages_;
    }
  }
}

}  // namespace spool::io
