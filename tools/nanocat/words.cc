#include "tools/nanocat/words.h"

#include <cerrno>
#include <cstring>

namespace nanocat {

namespace {

int errno_of(spool::Error error) {
  using enum spool::Error;
  switch (error) {
    case none:
      return 0;
    case would_block:
      return EAGAIN;
    case timed_out:
    case deadline_passed:
    case handshake_timeout:
      return ETIMEDOUT;
    case closed:
      return EBADF;
    case reentrant:
    case wrong_thread:
    case wrong_state:
    case name_unknown:
      return 0;
    case not_supported:
      return EOPNOTSUPP;
    case invalid_argument:
    case invalid_address:
      return EINVAL;
    case limit_reached:
    case no_descriptors:
      return EMFILE;
    case no_memory:
      return ENOMEM;
    case unknown_scheme:
      return EPROTONOSUPPORT;
    case name_too_long:
      return ENAMETOOLONG;
    case address_in_use:
      return EADDRINUSE;
    case address_unavailable:
      return EADDRNOTAVAIL;
    case permission_denied:
      return EACCES;
    case connection_refused:
      return ECONNREFUSED;
    case connection_reset:
    case peer_closed:
    case truncated:
      return ECONNRESET;
    case unreachable:
      return EHOSTUNREACH;
    case bad_handshake:
    case protocol_mismatch:
    case malformed:
    case too_many_hops:
      return EPROTO;
    case refused:
      return EBUSY;
    case vetoed:
      return EACCES;
    case too_slow:
      return ECONNABORTED;
    case queue_full:
      return ENOSPC;
    case message_too_large:
      return EMSGSIZE;
    case no_buffers:
      return ENOBUFS;
    case system:
      return EIO;
  }
  return 0;
}

}  // namespace

std::string words_of(spool::Error error) {
  const int os_error = errno_of(error);
  return os_error != 0 ? std::strerror(os_error) : spool::to_string(error);
}

std::string socket_error(std::string_view what, spool::Error error, std::string_view why) {
  std::string text = std::string(what) + ": " + words_of(error);
  if (!why.empty()) text += " (" + std::string(why) + ")";
  return text + "\n";
}

std::string file_error(std::string_view what, std::string_view path, int os_error) {
  return std::string(what) + " ``" + std::string(path) + "'': " + std::strerror(os_error) + "\n";
}

}  // namespace nanocat
