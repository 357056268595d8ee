#include "spool/io/dns/dns_resolver.h"

namespace spool::io::dns {

namespace {

bool is_localhost(std::string_view name) noexcept {
  constexpr std::string_view localhost = "localhost";
  if (name.size() < localhost.size()) return false;
  const std::size_t in_front = name.size() - localhost.size();
  return same_name(name.substr(in_front), localhost) &&
         (in_front == 0 || name[in_front - 1] == '.');
}

// IPv4 first: there most listeners are that were told "localhost".
AddressList loopback() noexcept {
  AddressList both;
  both.add(*IpAddress::parse("127.0.0.1"));
  both.add(*IpAddress::parse("::1"));
  return both;
}

}  // namespace

void DnsResolver::resolve(NameQuery& query) noexcept {
  std::string_view name = query.name();
  if (name.ends_with('.')) name.remove_suffix(1);
  if (is_localhost(name)) return query.answer(loopback().view());
  const AddressList listed = find_in_hosts(config_.hosts, name, query.family());
  if (!listed.empty()) return query.answer(listed.view());
  const ResolverSettings settings = read_resolv_conf(config_.resolv_conf);
  Lookup* lookup = lookups_.create(*this, reactor_, query, settings, config_.port);
  if (lookup == nullptr) return query.fail(Error::no_memory);
  query.resolver_data = lookup;
  lookup->start();
}

void DnsResolver::cancel(NameQuery& query) noexcept {
  lookups_.destroy(static_cast<Lookup*>(query.resolver_data));
}

void DnsResolver::on_lookup_done(Lookup& lookup, Error error, const AddressList& found) noexcept {
  NameQuery& query = lookup.query();
  lookups_.destroy(&lookup);
  if (error == Error::none)
    query.answer(found.view());
  else
    query.fail(error);
}

}  // namespace spool::io::dns
