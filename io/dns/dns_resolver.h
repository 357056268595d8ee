// DnsResolver: the built-in Resolver: /etc/hosts, then DNS over UDP in the loop's own reactor,
// without a thread.
//
// What it does not do: nsswitch.conf (so neither mDNS nor LDAP nor NIS), DNS over TCP, DNSSEC,
// names that are not ASCII, and remembering: every lookup asks. A host that wants what getaddrinfo
// does plugs that in (EventLoopConfig::resolver; examples/system_resolver.cc).
//
// What blocks: reading the two files, some KiB from a disk, at each lookup.
#pragma once

#include <cstdint>

#include "spool/io/dns/lookup.h"
#include "spool/io/resolver.h"
#include "spool/loop/object_pool.h"
#include "spool/loop/reactor.h"

namespace spool::io::dns {

// For tests; the strings outlive the resolver.
struct DnsConfig {
  const char* hosts = "/etc/hosts";
  const char* resolv_conf = "/etc/resolv.conf";
  std::uint16_t port = 53;  // of all nameservers
};

// Owned by core::Context. Owns its lookups; nothing is kept for a name when it is answered.
class DnsResolver final : public Resolver, public LookupOwner {
 public:
  DnsResolver(loop::Reactor& reactor, Memory& memory, const DnsConfig& config = {}) noexcept
      : reactor_(reactor), lookups_(memory), config_(config) {}
  DnsResolver(const DnsResolver&) = delete;
  DnsResolver& operator=(const DnsResolver&) = delete;

  // `localhost` and what ends in .localhost is the loopback, always (RFC 6761). Then the hosts
  // file, whose order is kept; then DNS, IPv6 and IPv4 in turns, beginning with IPv6.
  // Fails with name_unknown, timed_out when no server answered, or what the system said.
  void resolve(NameQuery& query) noexcept override;
  void cancel(NameQuery& query) noexcept override;

  void on_lookup_done(Lookup& lookup, Error error, const AddressList& found) noexcept override;

 private:
  loop::Reactor& reactor_;
  loop::ObjectPool<Lookup> lookups_;
  DnsConfig config_;
};

}  // namespace spool::io::dns
