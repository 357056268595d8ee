#include "spool/io/message_pool.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace spool {

namespace {

// Spares of one class take at most so much; classes of larger blocks have none.
constexpr std::size_t spare_bytes_max = 128u << 10;

}  // namespace

namespace io {

void release_last(Block* block) noexcept { block->pool->give_back(block); }

}  // namespace io

MessagePool::~MessagePool() {
  SPOOL_ASSERT(stats_.blocks_in_use == 0);
  trim(SIZE_MAX);
}

std::size_t MessagePool::footprint(std::size_t size) noexcept {
  return class_bytes(class_of(size));
}

void MessagePool::free_block(io::Block* block) noexcept {
  const std::size_t bytes = class_bytes(block->size_class);
  stats_.bytes_cached -= bytes;
  --class_blocks_[block->size_class];
  memory_.deallocate(block, bytes, alignof(io::Block));
}

// Returns recycled storage to the allocator until `bytes` are free, the largest first.
void MessagePool::trim(std::size_t bytes) noexcept {
  std::size_t freed = 0;
  for (std::uint32_t i = class_count; i-- > 0 && freed < bytes;) {
    while (free_[i] != nullptr && freed < bytes) {
      io::Block* block = free_[i];
      free_[i] = block->next_free;
      freed += class_bytes(i);
      free_block(block);
    }
  }
}

io::Block* MessagePool::allocate(std::uint32_t size_class) noexcept {
  const std::size_t bytes = class_bytes(size_class);
  if (limit_ != 0) {
    if (bytes > limit_ || stats_.bytes_in_use > limit_ - bytes) return nullptr;
    const std::size_t held = stats_.bytes_in_use + stats_.bytes_cached;
    if (held > limit_ - bytes) trim(held - (limit_ - bytes));
  }
  void* storage = memory_.allocate(bytes, alignof(io::Block));
  if (storage == nullptr && stats_.bytes_cached != 0) {
    trim(SIZE_MAX);
    storage = memory_.allocate(bytes, alignof(io::Block));
  }
  return storage == nullptr ? nullptr : make_block(storage, size_class);
}

io::Block* MessagePool::make_block(void* storage, std::uint32_t size_class) noexcept {
  ++class_blocks_[size_class];
  const std::size_t capacity = headroom + (std::size_t{1} << (size_class + smallest_log2));
  return new (storage)
      io::Block{this, nullptr, 0, 0, static_cast<std::uint32_t>(capacity), size_class};
}

// A class that just grew will grow again a little when traffic wavers. A quarter more is made
// ahead, so that what comes after a warm-up finds it there. A spare that is refused is not missed.
void MessagePool::stock(std::uint32_t size_class) noexcept {
  const std::size_t bytes = class_bytes(size_class);
  const std::size_t quarter = std::max<std::size_t>(class_blocks_[size_class] / 4, 1);
  const std::size_t spares = std::min(quarter, spare_bytes_max / bytes);
  static_cast<void>(cache_more(size_class, spares));
}

// Makes room for nothing: what is cached is worth as much as what would take its place.
bool MessagePool::cache_more(std::uint32_t size_class, std::size_t count) noexcept {
  const std::size_t bytes = class_bytes(size_class);
  for (; count != 0; --count) {
    const std::size_t held = stats_.bytes_in_use + stats_.bytes_cached;
    if (limit_ != 0 && bytes > limit_ - held) return false;
    void* storage = memory_.allocate(bytes, alignof(io::Block));
    if (storage == nullptr) return false;
    cache(make_block(storage, size_class));
  }
  return true;
}

void MessagePool::cache(io::Block* block) noexcept {
  stats_.bytes_cached += class_bytes(block->size_class);
  block->next_free = free_[block->size_class];
  free_[block->size_class] = block;
}

io::Block* MessagePool::take(std::size_t size) noexcept {
  const std::uint32_t size_class = class_of(size);
  const std::size_t bytes = class_bytes(size_class);
  io::Block* block = free_[size_class];
  const bool missed = block == nullptr;
  if (!missed) {
    free_[size_class] = block->next_free;
    stats_.bytes_cached -= bytes;
    ++stats_.hits;
  } else {
    block = allocate(size_class);
    if (block == nullptr) {
      ++stats_.refusals;
      return nullptr;
    }
    ++stats_.misses;
  }
  ++stats_.blocks_in_use;
  stats_.bytes_in_use += bytes;
  stats_.bytes_high_water = std::max(stats_.bytes_high_water, stats_.bytes_in_use);
  if (missed) stock(size_class);
  block->references = 1;
  block->front = headroom;
  return block;
}

void MessagePool::give_back(io::Block* block) noexcept {
  check_thread();
  const std::size_t bytes = class_bytes(block->size_class);
  --stats_.blocks_in_use;
  stats_.bytes_in_use -= bytes;
  cache(block);
  if (stats_.blocks_in_use == 0 && idle_fn_ != nullptr) idle_fn_(idle_target_);
}

Result<Message> MessagePool::make(std::size_t size) noexcept {
  if (size > Message::max_size) return Error::message_too_large;
  io::Block* block = take(size);
  if (block == nullptr) return Error::no_memory;
  Message message;
  message.block_ = block;
  message.begin_ = message.body_ = headroom;
  message.end_ = headroom + static_cast<std::uint32_t>(size);
  return message;
}

Result<Message> MessagePool::copy_of(std::span<const std::byte> bytes) noexcept {
  Result<Message> message = make(bytes.size());
  if (message.ok() && !bytes.empty())
    std::memcpy(message->mutable_body().data(), bytes.data(), bytes.size());
  return message;
}

Error MessagePool::push_header(Message& message, std::span<const std::byte> bytes) noexcept {
  const std::size_t size = bytes.size();
  io::Block* block = message.block_;
  // The bytes below begin_ are ours when nobody else reaches down there.
  const bool ours = block != nullptr && (block->references == 1 || block->front == message.begin_);
  if (!ours || message.begin_ < size) {
    const std::size_t payload = message.payload().size();
    if (payload + size > Message::max_size) return Error::message_too_large;
    io::Block* larger = take(payload + size);
    if (larger == nullptr) return Error::no_memory;
    Message moved;
    moved.block_ = larger;
    moved.begin_ = headroom + static_cast<std::uint32_t>(size);
    moved.body_ = moved.begin_ + (message.body_ - message.begin_);
    moved.end_ = moved.begin_ + static_cast<std::uint32_t>(payload);
    moved.peer_ = message.peer_;
    if (payload != 0)
      std::memcpy(larger->bytes() + moved.begin_, message.payload().data(), payload);
    message = std::move(moved);
  }
  message.begin_ -= static_cast<std::uint32_t>(size);
  message.block_->front = message.begin_;
  if (size != 0) std::memcpy(message.block_->bytes() + message.begin_, bytes.data(), size);
  return Error::none;
}

Error MessagePool::resize(Message& message, std::size_t size) noexcept {
  if (size > Message::max_size - headroom) return Error::message_too_large;
  io::Block* block = message.block_;
  if (block != nullptr && block->references == 1 && size <= block->capacity - message.body_) {
    message.end_ = message.body_ + static_cast<std::uint32_t>(size);
    return Error::none;
  }
  Result<Message> larger = make(size + message.header().size());
  if (!larger.ok()) return larger.error();
  const std::size_t kept = std::min(message.size(), size);
  const std::size_t header = message.header().size();
  if (header + kept != 0)
    std::memcpy(larger->mutable_body().data(), message.payload().data(), header + kept);
  larger->body_to_header(header);
  larger->peer_ = message.peer_;
  message = std::move(larger).value();
  return Error::none;
}

Error MessagePool::reserve(std::size_t size, std::size_t count) noexcept {
  return cache_more(class_of(size), count) ? Error::none : Error::no_memory;
}

}  // namespace spool
