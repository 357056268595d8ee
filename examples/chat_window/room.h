// Room: the BUS that everybody connects to. It says to all what one said, so that all read the same
// in the same order, and keeps the list of who is there.
#pragma once

#include <spool/spool.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace chat {

// Owned by the process that hosts; borrows the loop, which outlives it.
class Room {
 public:
  explicit Room(spool::EventLoop& loop);
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  // Once. What is wrong is in last_error of the loop.
  [[nodiscard]] spool::Result<void> open(std::string_view address);
  // Of all sockets of the loop; those of others are none of its business.
  void on_event(const spool::Event& event);

 private:
  void hear_some();
  void hear(const spool::Message& message);
  // Forgets those who are gone, once their last words are heard.
  void let_go();
  void tell_who_is_here();

  spool::Bus bus_;
  std::map<std::uint32_t, std::string> names_;  // of peers that have said hello
  std::set<std::uint32_t> leaving_;             // gone, and something of them may be unheard
  std::uint64_t lines_ = 0;
};

}  // namespace chat
