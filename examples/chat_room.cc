// A room over BUS: everybody who is in it hears everybody else. Each listens on an address of its
// own and connects to those who were there before; the host lets in only who it knows.

#include <spool/spool.h>

#include <cstdio>
#include <string>
#include <vector>

int main() {
  using namespace std::chrono_literals;

  spool::EventLoopConfig config;
  int refused = 0;
  config.on_event = [&refused](const spool::Event& event) {
    if (event.kind == spool::EventKind::peer_refused) ++refused;
  };
  auto loop = spool::EventLoop::create(std::move(config)).value();

  std::vector<spool::Bus> people;
  std::vector<std::string> addresses;
  for (int i = 0; i < 3; ++i) {
    people.push_back(loop.open<spool::Bus>().value());
    // Asked before a peer is let in, with its address, and its user id over ipc.
    people.back()
        .on_admission([](const spool::PeerInfo& peer) {
          return peer.address.text().starts_with("tcp://127.0.0.1:");
        })
        .value();
    for (const std::string& address : addresses) people.back().connect(address).value();
    const auto own = people.back().listen("tcp://127.0.0.1:0").value();
    addresses.emplace_back(own.address().text());
  }
  for (auto& person : people) person.wait_for_peers(people.size() - 1, 1s).value();

  people[0].try_send("ann: hello").value();
  for (std::size_t i = 1; i < people.size(); ++i) {
    auto heard = people[i].recv_for(1s).value();
    std::printf("%.*s\n", static_cast<int>(heard.size()), heard.text().data());
  }
  std::vector<spool::PeerInfo> list(people.size());
  std::printf("%zu others in the room, %d refused\n", people[0].list_peers(list), refused);
}
