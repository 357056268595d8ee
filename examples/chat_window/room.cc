#include "examples/chat_window/room.h"

#include <optional>
#include <utility>
#include <vector>

#include "examples/chat_window/words.h"

namespace chat {
namespace {

// In one turn; then the window and the others have theirs.
constexpr int bite = 256;

spool::SocketOptions options() {
  spool::SocketOptions options;
  options.name = "room";
  options.max_message_size = 4096;
  return options;
}

}  // namespace

Room::Room(spool::EventLoop& loop) : bus_(loop.open<spool::Bus>(options()).value()) {
  bus_.on_readable([this] { hear_some(); });
}

spool::Result<void> Room::open(std::string_view address) {
  const auto endpoint = bus_.listen(address);
  if (!endpoint.ok()) return endpoint.error();
  return {};
}

void Room::on_event(const spool::Event& event) {
  if (event.socket != bus_.handle()) return;
  if (event.kind == spool::EventKind::peer_left) {
    leaving_.insert(event.peer);
    let_go();
  } else if (event.kind == spool::EventKind::peer_caught_up) {
    tell_who_is_here();  // that may be what was missed
  }
}

void Room::hear_some() {
  for (int i = 0; i < bite; ++i) {
    const auto message = bus_.try_recv();
    if (!message.ok()) break;
    hear(*message);
  }
  let_go();
}

void Room::hear(const spool::Message& message) {
  const std::optional<Words> words = parse(message.text());
  if (!words) return;
  if (words->kind == Kind::hello) {
    names_[message.peer()] = words->name;
    tell_who_is_here();
  } else if (words->kind == Kind::say) {
    const auto from = names_.find(message.peer());
    if (from != names_.end())
      static_cast<void>(bus_.try_send(line(++lines_, from->second, words->text)));
  }
}

void Room::let_go() {
  if (leaving_.empty() || bus_.can_recv()) return;
  std::size_t gone = 0;
  for (const std::uint32_t peer : leaving_) gone += names_.erase(peer);
  leaving_.clear();
  if (gone > 0) tell_who_is_here();
}

void Room::tell_who_is_here() {
  std::vector<std::string> names;
  for (const auto& [peer, name] : names_) names.push_back(name);
  // Who is too busy to take it gets it when they have caught up.
  static_cast<void>(bus_.try_send(here(names)));
}

}  // namespace chat
