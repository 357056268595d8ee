// Peer: a blocking socket that sends exactly the bytes it is told to; no library behind it. And a
// Listener for such.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace raw {

// "00 53 ff" as bytes.
inline std::string hex(std::string_view text) {
  std::string bytes;
  int digits = 0;
  int value = 0;
  for (const char c : text) {
    if (c == ' ') continue;
    value = value * 16 + (c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    if (++digits % 2 == 0) bytes += static_cast<char>(value), value = 0;
  }
  return bytes;
}

inline std::string header(unsigned protocol) {
  std::string bytes("\0SP\0", 4);
  bytes += static_cast<char>(protocol >> 8);
  bytes += static_cast<char>(protocol & 0xff);
  bytes += std::string(2, '\0');
  return bytes;
}

inline std::string length(unsigned long long size) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift & 0xff);
  return bytes;
}

inline std::string frame(bool ipc, std::string_view body) {
  return (ipc ? std::string(1, '\1') : std::string()) + length(body.size()) + std::string(body);
}

class Peer {
 public:
  // Connects to an address as the library prints it.
  explicit Peer(std::string_view address) {
    if (address.starts_with("ipc://")) {
      sockaddr_un to{};
      to.sun_family = AF_UNIX;
      const std::string path(address.substr(6));
      std::strncpy(to.sun_path, path.c_str(), sizeof to.sun_path - 1);
      open(AF_UNIX, reinterpret_cast<sockaddr*>(&to), sizeof to);
      ipc = true;
    } else {
      sockaddr_in to{};
      to.sin_family = AF_INET;
      to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      to.sin_port = htons(static_cast<unsigned short>(
          std::stoi(std::string(address.substr(address.rfind(':') + 1)))));
      open(AF_INET, reinterpret_cast<sockaddr*>(&to), sizeof to);
    }
  }
  // A connection that a Listener has accepted.
  Peer(int accepted, bool is_ipc) : fd(accepted), ipc(is_ipc) {}
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() { close(); }

  // False when the other side has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  // Up to `size` bytes, waiting up to a second for each part. Sets `closed` at the end.
  std::string receive(std::size_t size) {
    std::string bytes;
    while (bytes.size() < size) {
      pollfd poll{fd, POLLIN, 0};
      if (::poll(&poll, 1, 1000) <= 0) break;
      char part[4096];
      const ssize_t n = ::recv(fd, part, std::min(size - bytes.size(), sizeof part), 0);
      if (n <= 0) {
        closed = true;
        break;
      }
      bytes.append(part, static_cast<std::size_t>(n));
    }
    return bytes;
  }
  // Adds what is here already, until there are `size` bytes; without waiting. Sets `closed` too.
  void receive_some(std::string& bytes, std::size_t size) {
    char part[65536];
    while (bytes.size() < size) {
      const std::size_t want = std::min(size - bytes.size(), sizeof part);
      const ssize_t n = ::recv(fd, part, want, MSG_DONTWAIT);
      if (n < 0 && errno == EAGAIN) return;
      if (n <= 0) {
        closed = true;
        return;
      }
      bytes.append(part, static_cast<std::size_t>(n));
    }
  }
  // Without waiting: has the other side closed? What it sent is read away.
  bool is_closed() {
    char part[4096];
    for (;;) {
      const ssize_t n = ::recv(fd, part, sizeof part, MSG_DONTWAIT);
      if (n > 0) continue;
      return n == 0 || errno == ECONNRESET;
    }
  }
  // The end with a reset instead of a FIN.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  void finish_writing() { ::shutdown(fd, SHUT_WR); }
  void close() {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }

  int fd = -1;
  bool ipc = false;
  bool closed = false;

 private:
  void open(int family, const sockaddr* to, socklen_t size) {
    fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ::connect(fd, to, size) != 0)
      throw std::runtime_error(std::string("raw peer: ") + std::strerror(errno));
  }
};

// Where a socket of the library's may connect to.
class Listener {
 public:
  // "ipc://..." or "tcp://127.0.0.1:0"; `address` has the real port.
  explicit Listener(std::string_view where) : address(where), ipc(where.starts_with("ipc://")) {
    sockaddr_storage at{};
    socklen_t size = sizeof(sockaddr_in);
    if (ipc) {
      auto& local = reinterpret_cast<sockaddr_un&>(at);
      local.sun_family = AF_UNIX;
      std::strncpy(local.sun_path, address.c_str() + 6, sizeof local.sun_path - 1);
      size = sizeof local;
    } else {
      auto& any = reinterpret_cast<sockaddr_in&>(at);
      any.sin_family = AF_INET;
      any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      any.sin_port =
          htons(static_cast<unsigned short>(std::stoi(address.substr(address.rfind(':') + 1))));
    }
    fd = ::socket(ipc ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd, reinterpret_cast<sockaddr*>(&at), size) != 0 || ::listen(fd, 100) != 0)
      throw std::runtime_error(std::string("raw listener: ") + std::strerror(errno));
    if (ipc) return;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
    address =
        "tcp://127.0.0.1:" + std::to_string(ntohs(reinterpret_cast<sockaddr_in&>(at).sin_port));
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() {
    ::close(fd);
    if (ipc) ::unlink(address.c_str() + 6);
  }
  // Null: nobody is here now.
  std::unique_ptr<Peer> accept() {
    const int accepted = ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
    return accepted < 0 ? nullptr : std::make_unique<Peer>(accepted, ipc);
  }

  std::string address;
  bool ipc = false;
  int fd = -1;
};

}  // namespace raw
