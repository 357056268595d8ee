// A chat in a window: spool inside Qt's event loop. Each member is a process; one of them hosts.
//
//   window or terminal ── member ── BUS ──► BUS ── room      (words.h: what is said)
//
// The room, the member and the words know nothing of Qt, the window nothing of sockets.

#include <spool/hosts/qt.h>
#include <spool/spool.h>

#include <QApplication>
#include <QFile>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "examples/chat_window/director.h"
#include "examples/chat_window/member.h"
#include "examples/chat_window/options.h"
#include "examples/chat_window/room.h"
#include "examples/chat_window/script.h"
#include "examples/chat_window/terminal.h"
#include "examples/chat_window/window.h"

namespace {

using namespace std::chrono_literals;

// The part that needs no user interface.
struct Chat {
  spool::EventLoop loop = make_loop();
  std::optional<chat::Room> room;
  std::optional<chat::Member> member;

  spool::EventLoop make_loop() {
    spool::EventLoopConfig config;
    config.on_event = [this](const spool::Event& event) {
      if (room) room->on_event(event);
      if (member) member->on_event(event);
    };
    return spool::EventLoop::create(std::move(config)).value();
  }

  // False, with a message, when the address is none, or is taken.
  bool begin(const chat::Options& options) {
    spool::Result<void> result;
    if (options.hosts) result = room.emplace(loop).open(options.room);
    if (result.ok()) result = member.emplace(loop, options.name).join(options.room);
    if (result.ok()) return true;
    const std::string_view why = loop.last_error();
    std::fprintf(stderr, "chat_window: --room '%s': %.*s\n", options.room.c_str(),
                 static_cast<int>(why.size()), why.data());
    return false;
  }
  // What was said last is heard.
  void end() {
    member->leave();
    static_cast<void>(loop.drain_for(1s));
  }
};

int run_headless(int count, char** arguments, const chat::Options& options) {
  QCoreApplication application(count, arguments);
  Chat chat;
  if (!chat.begin(options)) return 2;
  chat::Terminal terminal(*chat.member);
  spool::hosts::Qt host;
  host.on_turn([&terminal](const spool::PollResult&) { terminal.refresh(); });
  host.attach(chat.loop).value();
  const int result = QCoreApplication::exec();
  chat.end();
  return result;
}

int run_window(int count, char** arguments, const chat::Options& options) {
  QApplication application(count, arguments);
  chat::dress_application();
  Chat chat;
  if (!chat.begin(options)) return 2;
  chat::Window window(*chat.member);
  window.show();
  spool::hosts::Qt host;
  host.attach(chat.loop).value();
  const int result = QApplication::exec();
  chat.end();
  return result;
}

std::optional<std::vector<chat::Step>> steps_of(const chat::Options& options) {
  if (options.demo) return chat::demo_script(options.name);
  QFile file(QString::fromStdString(options.script));
  if (!file.open(QIODevice::ReadOnly)) {
    std::fprintf(stderr, "chat_window: --script '%s': %s\n", options.script.c_str(),
                 qPrintable(file.errorString()));
    return std::nullopt;
  }
  std::string why;
  auto steps = chat::parse_script(file.readAll().toStdString(), why);
  if (!steps)
    std::fprintf(stderr, "chat_window: --script '%s': %s\n", options.script.c_str(), why.c_str());
  return steps;
}

// Plays; takes its picture and exits, or goes on as a window like any other.
int run_script(int count, char** arguments, chat::Options options) {
  QApplication application(count, arguments);
  chat::dress_application();
  auto steps = steps_of(options);
  if (!steps) return 2;
  Chat chat;
  if (!chat.begin(options)) return 2;
  chat::Window window(*chat.member);
  window.show();
  spool::hosts::Qt host;
  host.attach(chat.loop).value();
  const auto done = [&](bool all_went_well) {
    if (options.screenshot.empty()) return;
    const bool saved = window.grab().save(QString::fromStdString(options.screenshot), "PNG");
    if (!saved)
      std::fprintf(stderr, "chat_window: --screenshot '%s': cannot be written\n",
                   options.screenshot.c_str());
    QApplication::exit(all_went_well && saved ? 0 : 1);
  };
  chat::Director director(window, options.name, QString::fromStdString(options.room),
                          std::move(*steps), done);
  director.begin();
  const int result = QApplication::exec();
  chat.end();
  return result;
}

}  // namespace

int main(int count, char** arguments) {
  const chat::Options options = chat::parse_options(count, arguments);
  if (options.headless) return run_headless(count, arguments, options);
  if (options.demo || !options.script.empty()) return run_script(count, arguments, options);
  return run_window(count, arguments, options);
}
