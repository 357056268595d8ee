// Flooder: a raw peer that always has more to say, and never waits. Borrows the peer.
#pragma once

#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <utility>

#include "tests/acceptance/raw_peer.h"

class Flooder {
 public:
  Flooder(raw::Peer& peer, std::size_t message_size) : peer_(&peer) {
    const std::string one = raw::frame(peer.ipc, std::string(message_size, 'f'));
    while (block_.size() < 256 << 10) block_ += one;
  }
  // As much as the kernel takes now.
  void fill() {
    for (;;) {
      const ssize_t n = ::send(peer_->fd, block_.data() + sent_, block_.size() - sent_,
                               MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n <= 0) return;
      sent_ = (sent_ + static_cast<std::size_t>(n)) % block_.size();
    }
  }

 private:
  raw::Peer* peer_;
  std::string block_;
  std::size_t sent_ = 0;
};
