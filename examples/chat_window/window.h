// Window: the chat as one sees it.
#pragma once

#include <QElapsedTimer>
#include <QString>
#include <QTimer>
#include <QWidget>
#include <cstdint>
#include <deque>

#include "examples/chat_window/member.h"

class QLabel;
class QLineEdit;
class QListWidget;
class QTextCursor;
class QTextEdit;

namespace chat {

// Fonts and colours for all windows of the program.
void dress_application();

// Owned by main; borrows the member, which outlives it. Looks at it at most once per frame,
// however often it changes: a flood costs no more than what can be seen of it.
class Window : public QWidget {
 public:
  explicit Window(Member& member);

  // What is in the input line now is said; it stays there if it cannot be.
  void say();
  // The same as if somebody had typed it.
  void say(const QString& text);

  // What can be seen, for those who check it.
  [[nodiscard]] int count_shown(const QString& name, const QString& text) const;
  [[nodiscard]] QStringList members_shown() const;
  [[nodiscard]] bool shows_connected() const;

 private:
  void show_news();
  void fetch_lines();
  void show_lines();
  void show_names();
  void show_state();
  void show_rate();
  void append(QTextCursor& cursor, const Line& line);

  Member& member_;
  QTextEdit* history_;
  QListWidget* members_;
  QLabel* members_title_;
  QLineEdit* input_;
  QLabel* state_;
  QLabel* rate_;
  std::deque<Line> unshown_;
  QTimer frame_;   // runs when there is something new
  QTimer second_;  // for what changes with time
  QElapsedTimer since_rate_;
  std::uint64_t heard_ = 0;
  QStringList names_;
};

}  // namespace chat
