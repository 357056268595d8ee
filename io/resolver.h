// Resolver: which addresses a host name stands for, without ever blocking the loop. The built-in
// one reads /etc/hosts and asks DNS (io/dns/dns_resolver.h); a host may bring its own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "spool/io/ip_address.h"
#include "spool/loop/error.h"

namespace spool {

class NameQuery;

// Owned by the host (EventLoopConfig::resolver; it outlives the loop) or by the loop.
//
// Both functions are called on the loop's thread, and so is what answers. A resolver that works on
// another thread brings its answer back with EventLoop::post; the task finds out whether the query
// was cancelled meanwhile, and touches it only if it was not. examples/system_resolver.cc is one.
class Resolver {
 public:
  // Answers `query`, with answer() or fail(), exactly once: from within this call or later. Until
  // then the query stays where it is.
  virtual void resolve(NameQuery& query) noexcept = 0;
  // Nobody waits for the answer any more: `query`, which has none yet, is never touched again.
  virtual void cancel(NameQuery& query) noexcept = 0;

 protected:
  ~Resolver() = default;
};

// Who asks. Implemented by core::Connector.
class NameOwner {
 public:
  // The query has at least one address. May be called from within NameQuery::ask.
  virtual void on_name_found(NameQuery& query) noexcept = 0;
  virtual void on_name_failed(NameQuery& query, Error error) noexcept = 0;

 protected:
  ~NameOwner() = default;
};

// One name to be looked up, and what came of it. A member of its owner; can be asked again.
class NameQuery {
 public:
  static constexpr std::size_t addresses_max = 16;

  explicit NameQuery(NameOwner& owner) noexcept : owner_(owner) {}
  NameQuery(const NameQuery&) = delete;
  NameQuery& operator=(const NameQuery&) = delete;
  ~NameQuery();

  // For the owner. `name` stays where it is until the answer.
  void ask(Resolver& resolver, std::string_view name, IpFamily family) noexcept;
  // Nothing happens when it is not under way.
  void cancel() noexcept;
  [[nodiscard]] std::span<const IpAddress> addresses() const noexcept {
    return {addresses_.data(), count_};
  }

  // For the resolver. The name is at most 255 characters: letters, digits, dots, '-' and '_'.
  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  // What is of use; answers of the other family are left out by answer().
  [[nodiscard]] IpFamily family() const noexcept { return family_; }
  // In the order in which they are tried; what exceeds addresses_max is left out. None of use is
  // the same as fail(Error::name_unknown).
  void answer(std::span<const IpAddress> addresses) noexcept;
  // name_unknown: nobody knows it. Another error: it could not be found out.
  void fail(Error error) noexcept;
  void* resolver_data = nullptr;  // free for the resolver to use

 private:
  NameOwner& owner_;
  Resolver* resolver_ = nullptr;  // null: not under way
  std::string_view name_;
  IpFamily family_ = IpFamily::any;
  std::uint8_t count_ = 0;
  std::array<IpAddress, addresses_max> addresses_{};
};

}  // namespace spool
