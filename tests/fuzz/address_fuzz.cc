// Arbitrary text as an address, and as what stands behind "tcp://", "ipc://" and "abstract://".
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "spool/io/address.h"
#include "spool/io/transports/tcp_address.h"
#include "spool/io/transports/unix_address.h"

namespace spool::io {
namespace {

void check(bool true_now) {
  if (!true_now) std::abort();
}

void check_words(const Explanation& why, bool failed) {
  check(why.empty() != failed);
  for (const char c : why.text()) check(c >= 0x20 && c < 0x7f);
}

void check_tcp(std::string_view rest, IpFamily family, bool listen) {
  Explanation why;
  const Result<TcpAddress> at = parse_tcp(rest, family, listen, why);
  check_words(why, !at.ok());
  if (!at.ok()) return;
  check(at->port != 0 || listen);
  check((at->host == TcpAddress::Host::name) == !at->name.empty());
  check(at->name.size() <= 255);
  for (const std::string_view view : {at->name, at->local_name})
    check(view.empty() ||
          (view.data() >= rest.data() && view.data() + view.size() <= rest.data() + rest.size()));
  if (at->host != TcpAddress::Host::literal) return;
  check(family == IpFamily::any || at->ip.family == family);
  // What was understood can be said again, and is understood as the same.
  Explanation said;
  PeerName::of(socket_address(at->ip, at->port)).describe(said);
  check(said.text().substr(0, 6) == "tcp://");
  const Result<TcpAddress> again = parse_tcp(said.text().substr(6), family, true, why);
  check(again.ok() && again->ip == at->ip && again->port == at->port);
}

void check_abstract(std::string_view rest) {
  Explanation why;
  const Result<SocketAddress> name = parse_abstract(rest, true, why);
  check_words(why, !name.ok());
  if (!name.ok() || rest.empty()) return;
  const Result<Address> said = abstract_address(name.value(), why);
  check(said.ok() && said->scheme() == "abstract");
  const Result<SocketAddress> again = parse_abstract(said->rest(), true, why);
  check(again.ok() && again->size == name->size &&
        std::memcmp(&again->storage, &name->storage, name->size) == 0);
}

}  // namespace
}  // namespace spool::io

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace spool;
  using namespace spool::io;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Explanation why;
  const Result<Address> address = Address::parse(text, why);
  check_words(why, !address.ok());
  std::string_view rest = text;
  if (address.ok()) {
    const Address& parsed = address.value();
    check(parsed.text() == text);
    check(!parsed.scheme().empty());
    check(std::string(parsed.scheme()) + "://" + std::string(parsed.rest()) == text);
    rest = parsed.rest();
  }
  for (const IpFamily family : {IpFamily::any, IpFamily::ip4, IpFamily::ip6}) {
    check_tcp(rest, family, false);
    check_tcp(rest, family, true);
  }
  check_abstract(rest);
  Explanation ipc_why;
  const Result<SocketAddress> path = parse_ipc(rest, ipc_why);
  check_words(ipc_why, !path.ok());
  check(path.ok() == (!rest.empty() && rest.size() <= 107));
  return 0;
}
