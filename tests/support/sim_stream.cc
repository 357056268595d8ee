#include "tests/support/sim_stream.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "spool/loop/assert.h"

namespace spool::sim {

bool SimEnd::readable() const noexcept {
  return waiting() != 0 || arrived_end || read_error != Error::none;
}

bool SimEnd::writable() const noexcept {
  if (connecting) return false;
  if (write_error != Error::none) return true;
  const std::shared_ptr<SimEnd> other = peer.lock();
  return other == nullptr || other->closed || other->waiting() < other->room;
}

// --- SimStream --------------------------------------------------------------------------------

// 0: this call would block.
std::size_t SimStream::cut(Cut how, std::size_t size) noexcept {
  switch (how) {
    case Cut::never:
      return size;
    case Cut::single:
      return std::min<std::size_t>(size, 1);
    case Cut::random:
      if (size == 0 || random_->chance(20)) return 0;
      return random_->chance(30) ? size : random_->between(1, std::min<std::size_t>(size, 5000));
  }
  return size;
}

io::Transfer SimStream::read(std::span<iovec> buffers) noexcept {
  SimEnd& end = *end_;
  SPOOL_ASSERT(!end.closed && !end.connecting);
  ++end.reads;
  std::size_t asked = 0;
  for (const iovec& buffer : buffers) asked += buffer.iov_len;
  SPOOL_ASSERT(asked != 0);
  end.most_asked = std::max(end.most_asked, asked);
  if (end.waiting() == 0) {
    if (end.read_error != Error::none) return {0, end.read_error, end.os_error};
    if (end.arrived_end) return {};
    return {0, Error::would_block, EAGAIN};
  }
  std::size_t left = cut(end.read_cut, std::min(asked, end.waiting()));
  if (left == 0) return {0, Error::would_block, EAGAIN};
  const std::size_t size = left;
  for (const iovec& buffer : buffers) {
    const std::size_t step = std::min(left, buffer.iov_len);
    if (step == 0) continue;
    std::memcpy(buffer.iov_base, end.arrived.data() + end.taken, step);
    end.taken += step;
    left -= step;
  }
  if (end.taken == end.arrived.size()) {
    end.arrived.clear();
    end.taken = 0;
  }
  return {size, Error::none, 0};
}

io::Transfer SimStream::write(std::span<const iovec> buffers) noexcept {
  SimEnd& end = *end_;
  SPOOL_ASSERT(!end.closed && !end.connecting && !end.shut_down);
  ++end.writes;
  if (end.write_error != Error::none) return {0, end.write_error, end.os_error};
  const std::shared_ptr<SimEnd> other = end.peer.lock();
  if (other == nullptr || other->closed) return {0, Error::connection_reset, EPIPE};
  std::size_t asked = 0;
  for (const iovec& buffer : buffers) asked += buffer.iov_len;
  SPOOL_ASSERT(asked != 0);
  const std::size_t room = other->room - std::min(other->room, other->waiting());
  std::size_t left = cut(end.write_cut, std::min(asked, room));
  if (left == 0) return {0, Error::would_block, EAGAIN};
  const std::size_t size = left;
  for (const iovec& buffer : buffers) {
    const std::size_t step = std::min(left, buffer.iov_len);
    const auto* bytes = static_cast<const std::byte*>(buffer.iov_base);
    if (step != 0) other->arrived.insert(other->arrived.end(), bytes, bytes + step);
    left -= step;
  }
  return {size, Error::none, 0};
}

io::Transfer SimStream::finish_connect() noexcept {
  if (end_->write_error != Error::none) return {0, end_->write_error, end_->os_error};
  if (end_->connecting) return {0, Error::would_block, 0};
  return {};
}

void SimStream::shutdown_write() noexcept {
  end_->shut_down = true;
  if (const auto other = end_->peer.lock()) other->arrived_end = true;
}

void SimStream::close() noexcept {
  if (end_->closed) return;
  end_->closed = true;
  if (const auto other = end_->peer.lock()) other->arrived_end = true;
}

void SimStream::put(std::string_view bytes) {
  const std::shared_ptr<SimEnd> other = end_->peer.lock();
  if (other == nullptr || bytes.empty()) return;
  const auto* start = reinterpret_cast<const std::byte*>(bytes.data());
  other->arrived.insert(other->arrived.end(), start, start + bytes.size());
}

std::string SimStream::take() {
  SimEnd& end = *end_;
  std::string bytes(reinterpret_cast<const char*>(end.arrived.data()) + end.taken, end.waiting());
  end.arrived.clear();
  end.taken = 0;
  return bytes;
}

void SimStream::break_off(Error error, int os_error) {
  for (SimEnd* end : {end_.get(), end_->peer.lock().get()}) {
    if (end == nullptr) continue;
    end->read_error = end->write_error = error;
    end->os_error = os_error;
  }
}

void SimPipe::dispose() noexcept { delete this; }

// --- SimNetwork -------------------------------------------------------------------------------

std::pair<SimStream, SimStream> SimNetwork::connection() {
  const auto near = std::make_shared<SimEnd>();
  const auto far = std::make_shared<SimEnd>();
  near->peer = far;
  far->peer = near;
  near->handle = next_handle_++;
  far->handle = next_handle_++;
  ends_[near->handle] = near;
  ends_[far->handle] = far;
  return {SimStream(near, random_), SimStream(far, random_)};
}

Error SimNetwork::add(NativeHandle fd, Interest interest, Token token) noexcept {
  SPOOL_ASSERT(ends_.count(fd) != 0 && !ends_[fd].expired());
  if (refuse_add != Error::none) return refuse_add;
  return watches_.emplace(fd, Watch{interest, token}).second ? Error::none
                                                             : Error::invalid_argument;
}

Error SimNetwork::modify(NativeHandle fd, Interest interest, Token token) noexcept {
  const auto found = watches_.find(fd);
  SPOOL_ASSERT(found != watches_.end() && found->second.token == token);
  found->second.interest = interest;
  return Error::none;
}

void SimNetwork::remove(NativeHandle fd, Token token) noexcept {
  const auto found = watches_.find(fd);
  SPOOL_ASSERT(found != watches_.end() && found->second.token == token);
  const std::shared_ptr<SimEnd> end = ends_[fd].lock();
  SPOOL_ASSERT(end != nullptr && !end->closed);  // remove comes before close
  watches_.erase(found);
}

Readiness SimNetwork::ready(NativeHandle fd, Interest interest) const noexcept {
  const std::shared_ptr<SimEnd> end = ends_.at(fd).lock();
  SPOOL_ASSERT(end != nullptr && !end->closed);
  return {wants_read(interest) && end->readable(), wants_write(interest) && end->writable()};
}

Result<std::size_t> SimNetwork::wait(std::span<PollEvent> events,
                                     std::optional<Duration> max_wait) noexcept {
  std::vector<PollEvent> all;
  for (const auto& [fd, watch] : watches_) {
    const Readiness now = ready(fd, watch.interest);
    if (now.readable || now.writable) all.push_back({watch.token, now});
  }
  if (all.empty()) {
    if (max_wait.has_value()) clock_.advance(*max_wait);
    return std::size_t{0};
  }
  // The order is nobody's business: another one each time.
  for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[random_.below(i)]);
  const std::size_t count = std::min(all.size(), events.size());
  std::copy_n(all.begin(), count, events.begin());
  return count;
}

Interest SimNetwork::interest_in(NativeHandle fd) const noexcept {
  const auto found = watches_.find(fd);
  return found == watches_.end() ? Interest::none : found->second.interest;
}

}  // namespace spool::sim
