// Terminal: a member without a window.
#pragma once

#include <QSocketNotifier>
#include <string>

#include "examples/chat_window/member.h"

namespace chat {

// Owned by main; borrows the member. Says the lines of stdin, and prints what is said to stdout.
// Ends Qt's event loop at the end of the input.
class Terminal {
 public:
  explicit Terminal(Member& member);

  // After each turn of spool's.
  void refresh();

 private:
  void read_some();
  void say_lines();

  Member& member_;
  QSocketNotifier input_;
  std::string unsaid_;
  bool at_end_ = false;
};

}  // namespace chat
