// Member: one's end of the chat. What was said and who is there, for somebody who shows it.
//
//  state      | connecting   | connect_failed,  | peer_joined   | peer_left
//             |              | handshake_failed |               |
//  -----------+--------------+------------------+---------------+----------------
//  connecting | –            | → waiting        | → connected:  | → waiting
//             |              |                  | says hello    |
//  waiting    | → connecting | → waiting        | → connected:  | → waiting
//             |              |                  | says hello    |
//  connected  | –            | –                | –             | → waiting:
//             |              |                  |               | nobody is there
//
// The events are spool's: it connects again and again by itself, and says when.
#pragma once

#include <spool/spool.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chat {

// Something to show.
struct Line {
  std::string name;  // who said it; empty: a notice
  std::string text;
};

// Owned by the process; borrows the loop, which outlives it. No user interface is known here.
class Member {
 public:
  enum class State { connecting, waiting, connected };
  using Clock = std::chrono::steady_clock;

  // Of more than twice as many between two looks, the oldest are left out: nobody could read them.
  static constexpr std::size_t lines_max = 1000;

  Member(spool::EventLoop& loop, std::string_view name);
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  // Once. What is wrong is in last_error of the loop; that nobody hosts the room yet is no error.
  [[nodiscard]] spool::Result<void> join(std::string_view address);
  void leave() { bus_.close(); }
  // False when the text could not be sent; then it is not said. Empty ones never are.
  bool say(std::string_view text);
  // Connected, and what was said before is mostly on its way.
  [[nodiscard]] bool can_say() const;
  // Of all sockets of the loop; those of others are none of its business.
  void on_event(const spool::Event& event);
  // Called within turns of the loop when anything below has changed, maybe often: look later.
  void on_change(std::function<void()> call) { on_change_ = std::move(call); }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] State state() const { return state_; }
  // How long until the next attempt, in the state waiting; and why, in a word of spool's.
  [[nodiscard]] std::chrono::milliseconds retry_in() const;
  [[nodiscard]] const char* reason() const { return to_string(reason_); }
  // Sorted; empty while not connected.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  // Messages received, in all.
  [[nodiscard]] std::uint64_t heard() const { return bus_.stats().messages_received; }
  // What is new since the last call.
  [[nodiscard]] std::vector<Line> take_lines();

 private:
  void hear_some();
  void hear(std::string_view message);
  void hear_line(std::uint64_t number, std::string name, std::string text);
  void hear_names(std::vector<std::string> names);
  void enter(State state);
  void add(Line line);
  void notice(std::string text) { add({{}, std::move(text)}); }

  std::string name_;
  std::string address_;
  spool::Bus bus_;
  State state_ = State::connecting;
  spool::Error reason_ = spool::Error::none;
  Clock::time_point retry_at_{};
  std::vector<std::string> names_;
  bool was_in_ = false;                       // the room, once
  bool knows_names_ = false;                  // since it is connected
  std::optional<std::uint64_t> next_number_;  // of lines; nothing before the first
  std::vector<Line> lines_;
  std::size_t left_out_ = 0;
  std::function<void()> on_change_;
};

}  // namespace chat
