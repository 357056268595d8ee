// RawPeer: a blocking socket that sends exactly the bytes it is told to; no library behind it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
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

}  // namespace raw
