#include "examples/chat_window/member.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "examples/chat_window/words.h"

namespace chat {
namespace {

using namespace std::chrono_literals;
using spool::EventKind;

// In one turn; then the window has its own.
constexpr int bite = 256;
constexpr std::size_t unsent_bytes_max = 64u << 10;

spool::SocketOptions options() {
  spool::SocketOptions options;
  options.name = "member";
  options.reconnect_max = 2s;
  return options;
}

// Those of `names` that are not in `others`; both are sorted.
std::vector<std::string> difference(const std::vector<std::string>& names,
                                    const std::vector<std::string>& others) {
  std::vector<std::string> result;
  std::set_difference(names.begin(), names.end(), others.begin(), others.end(),
                      std::back_inserter(result));
  return result;
}

}  // namespace

Member::Member(spool::EventLoop& loop, std::string_view name)
    : name_(clean(name, name_max)), bus_(loop.open<spool::Bus>(options()).value()) {
  bus_.on_readable([this] { hear_some(); });
}

spool::Result<void> Member::join(std::string_view address) {
  address_ = address;
  const auto endpoint = bus_.connect(address);
  if (!endpoint.ok()) return endpoint.error();
  return {};
}

bool Member::say(std::string_view text) {
  const std::string words = clean(text, text_max);
  return !words.empty() && state_ == State::connected && bus_.try_send(chat::say(words)).ok();
}

bool Member::can_say() const {
  return state_ == State::connected && bus_.unsent_bytes() < unsent_bytes_max;
}

void Member::on_event(const spool::Event& event) {
  if (event.socket != bus_.handle()) return;
  switch (event.kind) {
    case EventKind::connecting:
      if (state_ == State::waiting) enter(State::connecting);
      break;
    case EventKind::peer_joined:
      enter(State::connected);
      break;
    case EventKind::connect_failed:
    case EventKind::handshake_failed:
    case EventKind::peer_left:
      reason_ = event.error;
      retry_at_ = Clock::now() + event.retry_in;
      enter(State::waiting);
      break;
    case EventKind::listening:
    case EventKind::accepted:
    case EventKind::accept_failed:
    case EventKind::peer_refused:
    case EventKind::peer_blocked:
    case EventKind::peer_caught_up:
    case EventKind::messages_dropped:
    case EventKind::messages_lost:
    case EventKind::closed:
      break;  // not about being connected
  }
}

void Member::enter(State state) {
  const State before = std::exchange(state_, state);
  if (state == State::connected) {
    knows_names_ = false;
    next_number_.reset();
    static_cast<void>(bus_.try_send(hello(name_)));
    notice(std::exchange(was_in_, true) ? "The room is back" : "You are in the room");
  } else if (before == State::connected) {
    names_.clear();
    notice("The room is gone; waiting for it to come back");
  }
  if (on_change_) on_change_();
}

std::chrono::milliseconds Member::retry_in() const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(retry_at_ - Clock::now());
  return std::max(left, 0ms);
}

void Member::hear_some() {
  for (int i = 0; i < bite; ++i) {
    const auto message = bus_.try_recv();
    if (!message.ok()) break;
    hear(message->text());
  }
  if (on_change_) on_change_();
}

void Member::hear(std::string_view message) {
  std::optional<Words> words = parse(message);
  if (!words) return;
  if (words->kind == Kind::line)
    hear_line(words->number, std::move(words->name), std::move(words->text));
  else if (words->kind == Kind::here)
    hear_names(std::move(words->names));
}

void Member::hear_line(std::uint64_t number, std::string name, std::string text) {
  // The room does not wait for who is too slow.
  if (next_number_ && number > *next_number_)
    notice(std::to_string(number - *next_number_) + " lines missed");
  next_number_ = number + 1;
  add({std::move(name), std::move(text)});
}

void Member::hear_names(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  // Whoever was there before us did not come just now.
  if (std::exchange(knows_names_, true)) {
    for (const std::string& name : difference(names, names_)) notice(name + " came in");
    for (const std::string& name : difference(names_, names)) notice(name + " left");
  }
  names_ = std::move(names);
}

void Member::add(Line line) {
  if (lines_.size() == 2 * lines_max) {
    lines_.erase(lines_.begin(), lines_.begin() + lines_max);
    left_out_ += lines_max;
  }
  lines_.push_back(std::move(line));
}

std::vector<Line> Member::take_lines() {
  if (left_out_ > 0)
    lines_.insert(lines_.begin(), {{}, std::to_string(left_out_) + " lines went by too fast"});
  left_out_ = 0;
  return std::exchange(lines_, {});
}

}  // namespace chat
