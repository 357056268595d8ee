#include "spool/loop/error.h"

#include <cerrno>
#include <string>

namespace spool {

const char* to_string(Error error) noexcept {
  switch (error) {
    case Error::none:
      return "none";
    case Error::would_block:
      return "would_block";
    case Error::timed_out:
      return "timed_out";
    case Error::closed:
      return "closed";
    case Error::reentrant:
      return "reentrant";
    case Error::wrong_thread:
      return "wrong_thread";
    case Error::wrong_state:
      return "wrong_state";
    case Error::deadline_passed:
      return "deadline_passed";
    case Error::not_supported:
      return "not_supported";
    case Error::invalid_argument:
      return "invalid_argument";
    case Error::limit_reached:
      return "limit_reached";
    case Error::no_memory:
      return "no_memory";
    case Error::invalid_address:
      return "invalid_address";
    case Error::unknown_scheme:
      return "unknown_scheme";
    case Error::name_too_long:
      return "name_too_long";
    case Error::address_in_use:
      return "address_in_use";
    case Error::address_unavailable:
      return "address_unavailable";
    case Error::name_unknown:
      return "name_unknown";
    case Error::permission_denied:
      return "permission_denied";
    case Error::connection_refused:
      return "connection_refused";
    case Error::connection_reset:
      return "connection_reset";
    case Error::unreachable:
      return "unreachable";
    case Error::peer_closed:
      return "peer_closed";
    case Error::truncated:
      return "truncated";
    case Error::bad_handshake:
      return "bad_handshake";
    case Error::protocol_mismatch:
      return "protocol_mismatch";
    case Error::handshake_timeout:
      return "handshake_timeout";
    case Error::refused:
      return "refused";
    case Error::vetoed:
      return "vetoed";
    case Error::too_slow:
      return "too_slow";
    case Error::message_too_large:
      return "message_too_large";
    case Error::malformed:
      return "malformed";
    case Error::too_many_hops:
      return "too_many_hops";
    case Error::queue_full:
      return "queue_full";
    case Error::no_descriptors:
      return "no_descriptors";
    case Error::no_buffers:
      return "no_buffers";
    case Error::system:
      return "system";
  }
  return "unknown";
}

Error error_from_errno(int errno_value) noexcept {
  switch (errno_value) {
    case 0:
      return Error::none;
    case EAGAIN:
      return Error::would_block;
    case EACCES:
    case EPERM:
    case EROFS:
      return Error::permission_denied;
    case EADDRINUSE:
      return Error::address_in_use;
    case EADDRNOTAVAIL:
    case ENODEV:
    case ENOTDIR:
    case ENOENT:
      return Error::address_unavailable;
    case ENAMETOOLONG:
      return Error::name_too_long;
    case ECONNREFUSED:
      return Error::connection_refused;
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
    case ENOTCONN:
    case ESHUTDOWN:
      return Error::connection_reset;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
      return Error::unreachable;
    case ETIMEDOUT:
      return Error::timed_out;
    case EMFILE:
    case ENFILE:
      return Error::no_descriptors;
    case ENOBUFS:
    case ENOMEM:
      return Error::no_buffers;
    case EINVAL:
      return Error::invalid_argument;
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT:
    case EOPNOTSUPP:
    case ENOSYS:
      return Error::not_supported;
    default:
      return Error::system;  // an int, not our enum: the kernel may say anything
  }
}

namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "spool"; }
  std::string message(int value) const override { return to_string(static_cast<Error>(value)); }
};

constinit const Category category;

}  // namespace

const std::error_category& error_category() noexcept { return category; }

}  // namespace spool
