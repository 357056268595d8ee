// Transport: what makes pipes. The seam for tcp, ipc, inproc, and for what a host brings: a
// transport may move bytes (then it makes StreamPipes) or whole messages (a Pipe of its own).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "spool/io/address.h"
#include "spool/io/ip_address.h"
#include "spool/io/pipe.h"
#include "spool/loop/box.h"
#include "spool/loop/explanation.h"
#include "spool/loop/result.h"
#include "spool/loop/time.h"

namespace spool::io {

// Settings of the connection itself; a transport takes those that mean something to it.
struct LinkConfig {
  bool tcp_nodelay = true;
  bool tcp_keepalive = true;
  Duration tcp_timeout{};  // a peer that answers nothing for so long is gone; 0: the system's times
  int kernel_send_buffer = 0;  // bytes; 0: what the system gives
  int kernel_receive_buffer = 0;
  // Of the files that ipc listeners make, 0 to 0777; without a value: what the umask leaves.
  std::optional<std::uint32_t> ipc_permissions = std::nullopt;
};

// Implemented by core::Acceptor.
class ListenerOwner : public PipeOwner {
 public:
  // A connection came in and is shaking hands. The owner keeps it; it was created with this
  // owner as its PipeOwner.
  virtual void on_accepted(Pipe& pipe) noexcept = 0;
  // accept() failed; the listener has paused. The owner calls resume() when it thinks fit.
  virtual void on_accept_error(Error error, int os_error) noexcept = 0;

 protected:
  ~ListenerOwner() = default;
};

// A bound address. Owned by its Acceptor; destroying it stops listening and leaves its pipes alone.
class Listener {
 public:
  virtual ~Listener() = default;
  // Accepts again after on_accept_error.
  virtual void resume() noexcept = 0;
  // The real address, with the port that the system chose in place of 0.
  [[nodiscard]] virtual const Address& address() const noexcept = 0;
};

// Why something could not be opened: the errno behind it (or 0), and words.
struct OpenError {
  int os_error = 0;
  Explanation why;
};

// A name to be looked up before connecting, and which kind of address is of use.
struct HostName {
  std::string_view name;
  IpFamily family = IpFamily::any;
};

// Owned by core::Context; outlives its pipes and listeners.
class Transport {
 public:
  virtual ~Transport() = default;
  [[nodiscard]] virtual std::string_view scheme() const noexcept = 0;
  // Other schemes that it serves, with a space between any two.
  [[nodiscard]] virtual std::string_view aliases() const noexcept { return {}; }
  [[nodiscard]] bool serves(std::string_view scheme) const noexcept;

  // Makes storage for so many pipes, ahead. False when memory is refused.
  [[nodiscard]] virtual bool reserve(std::uint32_t) noexcept { return true; }

  // Is this an address one can connect to (or listen on)? Opens nothing. Error::none, or what is
  // wrong with it.
  [[nodiscard]] virtual Error check(const Address& address, bool listen,
                                    Explanation& why) noexcept = 0;

  // The host name in an address that check() found good to connect to, a view into it; empty when
  // there is nothing to look up. connect() wants it replaced by an IP address.
  [[nodiscard]] virtual HostName name_to_resolve(const Address&) const noexcept { return {}; }

  // Begins to connect. The pipe belongs to `owner`, which hears of its success or failure later,
  // never from within this call. An error here means that there is no pipe.
  [[nodiscard]] virtual Result<Pipe*> connect(const Address& address, const PipeConfig& config,
                                              const LinkConfig& link, PipeOwner& owner,
                                              OpenError& error) noexcept = 0;
  // Binds and listens.
  [[nodiscard]] virtual Result<loop::Box<Listener>> listen(const Address& address,
                                                           const PipeConfig& config,
                                                           const LinkConfig& link,
                                                           ListenerOwner& owner,
                                                           OpenError& error) noexcept = 0;
};

}  // namespace spool::io
