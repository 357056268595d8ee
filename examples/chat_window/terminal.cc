#include "examples/chat_window/terminal.h"

#include <unistd.h>

#include <QCoreApplication>
#include <cstdio>
#include <string_view>

namespace chat {
namespace {

// While so much cannot be said, no more is read: whoever writes to us has to wait.
constexpr std::size_t unsaid_max = 64u << 10;

}  // namespace

Terminal::Terminal(Member& member) : member_(member), input_(STDIN_FILENO, QSocketNotifier::Read) {
  QObject::connect(&input_, &QSocketNotifier::activated, [this] { read_some(); });
}

void Terminal::refresh() {
  for (const Line& line : member_.take_lines()) {
    if (line.name.empty())
      std::printf("* %s\n", line.text.c_str());
    else
      std::printf("%s: %s\n", line.name.c_str(), line.text.c_str());
  }
  std::fflush(stdout);
  say_lines();
}

void Terminal::read_some() {
  char buffer[4096];
  const ssize_t size = ::read(STDIN_FILENO, buffer, sizeof buffer);
  if (size > 0) {
    unsaid_.append(buffer, static_cast<std::size_t>(size));
    // Far too long a line is one as it is.
    if (unsaid_.size() >= unsaid_max && unsaid_.find('\n') == std::string::npos) unsaid_ += '\n';
  } else {
    at_end_ = true;
    if (!unsaid_.empty() && unsaid_.back() != '\n') unsaid_ += '\n';
  }
  say_lines();
}

void Terminal::say_lines() {
  std::size_t begin = 0;
  std::size_t end = 0;
  while (member_.can_say() && (end = unsaid_.find('\n', begin)) != std::string::npos) {
    static_cast<void>(member_.say(std::string_view(unsaid_).substr(begin, end - begin)));
    begin = end + 1;
  }
  unsaid_.erase(0, begin);
  input_.setEnabled(!at_end_ && unsaid_.size() < unsaid_max);
  if (at_end_ && unsaid_.empty()) QCoreApplication::quit();
}

}  // namespace chat
