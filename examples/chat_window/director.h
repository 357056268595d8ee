// Director: plays a script with a window and with processes for everybody else in it.
#pragma once

#include <QProcess>
#include <QString>
#include <QStringList>
#include <QTimer>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "examples/chat_window/script.h"
#include "examples/chat_window/window.h"

namespace chat {

// Owned by main; borrows the window. Does a step, waits until the window shows it, and does the
// next one after a moment. Whatever it has started is gone when it is.
class Director {
 public:
  // `you` is the member of the window, and `done` is called once: with true when all that was said
  // and all who are there are shown, and with false, after a message, when something never is.
  Director(Window& window, std::string you, QString room, std::vector<Step> steps,
           std::function<void(bool)> done);
  Director(const Director&) = delete;
  Director& operator=(const Director&) = delete;
  ~Director();

  void begin();

 private:
  void look();
  // Is everything there that the step needs?
  [[nodiscard]] bool can_do(const Step& step) const;
  void act(const Step& step);
  [[nodiscard]] bool is_shown(const Step& step) const;
  void finish(bool all_went_well);
  // All that was said, and exactly those who should be there.
  [[nodiscard]] bool is_all_shown() const;
  void start(const std::string& name, bool hosts);

  Window& window_;
  std::string you_;
  QString room_;
  std::vector<Step> steps_;
  std::function<void(bool)> done_;
  std::size_t next_ = 0;
  bool acted_ = false;  // the next one is done, but not shown
  std::map<std::string, std::unique_ptr<QProcess>> processes_;
  QStringList here_;  // who should be
  std::vector<Step> said_;
  QTimer look_;
  QTimer patience_;
};

}  // namespace chat
