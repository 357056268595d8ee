// Arbitrary text as an address, and as what stands behind "tcp://" and "ipc://".
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "spool/io/address.h"
#include "spool/io/transports/ipc.h"
#include "spool/io/transports/tcp.h"

namespace spool::io {
namespace {

void check(bool true_now) {
  if (!true_now) std::abort();
}

void check_words(const Explanation& why, bool failed) {
  check(why.empty() != failed);
  for (const char c : why.text()) check(c >= 0x20 && c < 0x7f);
}

void check_tcp(std::string_view rest, bool listen) {
  Explanation why;
  const Result<SocketAddress> at = parse_tcp(rest, listen, why);
  check_words(why, !at.ok());
  if (!at.ok()) return;
  // What was understood can be said again, and is understood as the same.
  Explanation said;
  PeerName::of(at.value()).describe(said);
  check(said.text().substr(0, 6) == "tcp://");
  const Result<SocketAddress> again = parse_tcp(said.text().substr(6), true, why);
  check(again.ok());
  Explanation said_again;
  PeerName::of(again.value()).describe(said_again);
  check(said.text() == said_again.text());
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
  check_tcp(rest, false);
  check_tcp(rest, true);
  Explanation ipc_why;
  const Result<SocketAddress> path = parse_ipc(rest, ipc_why);
  check_words(ipc_why, !path.ok());
  check(path.ok() == (!rest.empty() && rest.size() <= 107));
  return 0;
}
