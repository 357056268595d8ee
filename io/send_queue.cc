#include "spool/io/send_queue.h"

#include <algorithm>
#include <cstring>

namespace spool::io {

namespace {

// One chunk for a lone message, a large one as soon as a burst shows. A full chunk stays below
// 64 KiB: on loopback tcp a write of exactly 65,536 bytes is three times slower.
constexpr std::size_t first_chunk = 4096;
constexpr std::size_t next_chunk = 64'000;
// For the header alone of a body that is shared with other pipes, and follows in its own segment.
constexpr std::size_t header_chunk = 256;

}  // namespace

void SendQueue::clear() noexcept {
  segments_.clear();
  room_ = 0;
  bytes_ = messages_ = frame_left_ = 0;
}

// Makes sure that `bytes` (at most copy_max and a header) fit into the last chunk.
bool SendQueue::make_room(std::size_t bytes) noexcept {
  if (room_ >= bytes) return true;
  const std::size_t size = segments_.empty()           ? first_chunk
                           : bytes <= frame_header_max ? header_chunk
                                                       : next_chunk;
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
  if (written == 0) return push(message);
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

// What the header of a queued frame says. It lies in one piece.
std::size_t SendQueue::payload_at(const std::byte* frame) const noexcept {
  std::uint64_t size = 0;
  const Error error = decode_frame_header(framing_, frame, UINT64_MAX, size);
  SPOOL_ASSERT(error == Error::none);
  return static_cast<std::size_t>(size);
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
    if (frame_left_ == 0) frame_left_ = frame_header_size(framing_) + payload_at(segment.data);
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

// Only for the first few: those of a frame that is partly written, and of the one behind it.
SendQueue::Segment& SendQueue::at(std::size_t index) noexcept {
  Segment* found = nullptr;
  segments_.each([&](Segment& segment) {
    if (index-- != 0) return true;
    found = &segment;
    return false;
  });
  return *found;
}

// Takes a segment out: those in front of it move up by one.
void SendQueue::remove(std::size_t index) noexcept {
  for (; index != 0; --index) at(index) = std::move(at(index - 1));
  segments_.pop_front();
}

bool SendQueue::find_unwritten(Place& place) noexcept {
  if (messages_ == (frame_left_ == 0 ? 0u : 1u)) return false;
  place = {0, frame_left_, 0, 0};
  const Segment* segment = &at(0);
  for (; place.skip >= segment->size; segment = &at(place.index)) {
    place.skip -= segment->size;
    // Chunks that are used up, or were made for a frame that then found no memory, end here.
    if (segment->size == 0)
      remove(place.index);
    else
      ++place.index;
  }
  place.payload = payload_at(segment->data + place.skip);
  const bool apart = segment->size - place.skip == frame_header_size(framing_);
  place.body = place.index + (apart ? 1 : 0);
  return true;
}

void SendQueue::cut(const Place& place) noexcept {
  const std::size_t header_size = frame_header_size(framing_);
  const std::size_t size = header_size + place.payload;
  Segment& segment = at(place.index);
  if (place.payload <= copy_max) {
    // Within a chunk; the rest of the frame before was copied too, so it is short. It moves up.
    std::byte* start = const_cast<std::byte*>(segment.data);
    std::memmove(start + size, start, place.skip);
    segment.data += size;
    segment.size -= size;
    --segment.ends;
  } else {
    if (place.body != place.index) {
      segment.size -= header_size;
      segment.overhang = 0;
    }
    remove(place.body);
  }
  bytes_ -= size;
  --messages_;
  if (bytes_ == 0) clear();
}

bool SendQueue::drop_oldest() noexcept {
  Place place;
  if (!find_unwritten(place)) return false;
  cut(place);
  return true;
}

bool SendQueue::take_back(Message& message) noexcept {
  Place place;
  if (!find_unwritten(place)) return false;
  const std::size_t header_size = frame_header_size(framing_);
  if (place.payload <= copy_max) {
    const std::byte* payload = at(place.index).data + place.skip + header_size;
    Result<Message> copy = pool_->copy_of({payload, place.payload});
    if (!copy.ok()) return false;
    message = std::move(copy).value();
  } else {
    message = std::move(at(place.body).storage);
    if (place.body == place.index) message.drop_front(header_size);
    message.header_to_body();
  }
  cut(place);
  return true;
}

}  // namespace spool::io
