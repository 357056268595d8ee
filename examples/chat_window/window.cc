#include "examples/chat_window/window.h"

#include <QApplication>
#include <QFont>
#include <QFontMetrics>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPalette>
#include <QPushButton>
#include <QScrollBar>
#include <QStyleFactory>
#include <QTextBlock>
#include <QTextCursor>
#include <QTextEdit>
#include <QTime>
#include <QVBoxLayout>
#include <cstddef>
#include <string>
#include <utility>

#include "examples/chat_window/colours.h"

namespace chat {
namespace {

constexpr int frame_ms = 16;
constexpr std::size_t history_lines = 1000;
constexpr int lines_per_frame = 50;
constexpr int name_column = 96;  // pixels
constexpr int picture_size = 22;

QString text_of(std::string_view text) {
  return QString::fromUtf8(text.data(), static_cast<int>(text.size()));
}

QLabel* make_label(const char* object_name, const QString& text = {}) {
  auto* const label = new QLabel(text);
  label->setObjectName(object_name);
  label->setTextFormat(Qt::PlainText);
  return label;
}

// The name in a column of its own; what is said beside it, wrapped within its own column.
QTextBlockFormat line_format() {
  QTextBlockFormat format;
  format.setLeftMargin(name_column);
  format.setTextIndent(-name_column);
  format.setTabPositions({QTextOption::Tab(name_column, QTextOption::LeftTab)});
  format.setTopMargin(3);
  format.setBottomMargin(3);
  return format;
}

constexpr const char* style_sheet = R"(
  QWidget#window { background: #ffffff; }
  QWidget#header { background: #22313f; }
  QLabel#title { color: #ffffff; font-size: 17px; font-weight: bold; }
  QLabel#room { color: #b8c7d6; font-size: 12px; }
  QTextEdit { border: none; background: #ffffff; color: #1c2733; font-size: 14px; }
  QScrollBar:vertical { border: none; background: #ffffff; width: 12px; }
  QScrollBar::handle:vertical { background: #c3ccd5; border-radius: 4px; margin: 2px;
                                min-height: 28px; }
  QScrollBar::add-line, QScrollBar::sub-line { height: 0px; }
  QScrollBar::add-page, QScrollBar::sub-page { background: none; }
  QWidget#side { background: #f1f4f7; border-left: 1px solid #d9e0e7; }
  QLabel#members_title { color: #52616f; font-size: 12px; font-weight: bold; }
  QListWidget { border: none; background: transparent; color: #1c2733; font-size: 14px; }
  QListWidget::item { padding: 3px 0px; }
  QWidget#entry { background: #ffffff; border-top: 1px solid #d9e0e7; }
  QLineEdit { border: 1px solid #b3c0cc; border-radius: 6px; padding: 7px 10px; font-size: 14px;
              background: #ffffff; }
  QLineEdit:focus { border-color: #1565c0; }
  QPushButton { border: none; border-radius: 6px; padding: 8px 20px; font-size: 14px;
                font-weight: bold; background: #1565c0; color: #ffffff; }
  QPushButton:pressed { background: #0d4a91; }
  QWidget#status { background: #f1f4f7; border-top: 1px solid #d9e0e7; }
  QWidget#status QLabel { font-size: 12px; color: #52616f; }
  QLabel#state[look="good"] { color: #1b6e2b; font-weight: bold; }
  QLabel#state[look="soon"] { color: #8a5200; font-weight: bold; }
  QLabel#state[look="bad"] { color: #b3261e; font-weight: bold; }
)";

template <typename Layout>
QWidget* make_bar(const char* object_name, Layout* layout) {
  auto* const bar = new QWidget;
  bar->setObjectName(object_name);
  bar->setAttribute(Qt::WA_StyledBackground);
  bar->setLayout(layout);
  return bar;
}

}  // namespace

void dress_application() {
  QApplication::setStyle(QStyleFactory::create("Fusion"));
  QApplication::setPalette(QPalette(QColor(0xf1, 0xf4, 0xf7)));  // light, wherever it runs
  QFont font("DejaVu Sans");
  font.setStyleHint(QFont::SansSerif);
  QApplication::setFont(font);
}

Window::Window(Member& member)
    : member_(member),
      history_(new QTextEdit),
      members_(new QListWidget),
      members_title_(make_label("members_title")),
      input_(new QLineEdit),
      state_(make_label("state")),
      rate_(make_label("rate")) {
  setObjectName("window");
  setAttribute(Qt::WA_StyledBackground);
  setStyleSheet(style_sheet);
  setWindowTitle("spool chat: " + text_of(member.name()));
  resize(800, 600);

  auto* const header = new QHBoxLayout;
  header->setContentsMargins(16, 10, 16, 10);
  header->addWidget(make_label("title", "spool chat"));
  header->addStretch();
  header->addWidget(
      make_label("room", text_of(member.name()) + " in " + text_of(member.address())));

  history_->setReadOnly(true);
  history_->setFocusPolicy(Qt::NoFocus);
  history_->setUndoRedoEnabled(false);
  history_->document()->setMaximumBlockCount(static_cast<int>(history_lines));
  history_->document()->setDocumentMargin(14);

  members_->setFocusPolicy(Qt::NoFocus);
  members_->setSelectionMode(QAbstractItemView::NoSelection);
  members_->setIconSize({picture_size, picture_size});
  auto* const side = new QVBoxLayout;
  side->setContentsMargins(14, 14, 8, 8);
  side->addWidget(members_title_);
  side->addWidget(members_);
  QWidget* const side_bar = make_bar("side", side);
  side_bar->setFixedWidth(180);

  auto* const middle = new QHBoxLayout;
  middle->setSpacing(0);
  middle->addWidget(history_, 1);
  middle->addWidget(side_bar);

  QPalette palette = input_->palette();
  palette.setColor(QPalette::Text, QColor(0x1c, 0x27, 0x33));
  palette.setColor(QPalette::PlaceholderText, QColor(0x6b, 0x78, 0x85));
  input_->setPalette(palette);
  input_->setPlaceholderText("Say something to the room");
  auto* const send = new QPushButton("Send");
  send->setFocusPolicy(Qt::NoFocus);
  auto* const entry = new QHBoxLayout;
  entry->setContentsMargins(14, 10, 14, 10);
  entry->addWidget(input_, 1);
  entry->addWidget(send);

  auto* const status = new QHBoxLayout;
  status->setContentsMargins(16, 5, 16, 5);
  status->addWidget(state_);
  status->addStretch();
  status->addWidget(rate_);

  auto* const all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->setSpacing(0);
  all->addWidget(make_bar("header", header));
  all->addLayout(middle, 1);
  all->addWidget(make_bar("entry", entry));
  all->addWidget(make_bar("status", status));

  connect(input_, &QLineEdit::returnPressed, this, [this] { say(); });
  connect(send, &QPushButton::clicked, this, [this] { say(); });
  frame_.setSingleShot(true);
  frame_.setInterval(frame_ms);
  connect(&frame_, &QTimer::timeout, this, [this] { show_news(); });
  member_.on_change([this] {
    if (!frame_.isActive()) frame_.start();
  });
  connect(&second_, &QTimer::timeout, this, [this] {
    show_rate();
    show_state();
  });
  second_.start(500);
  since_rate_.start();
  show_news();
  show_rate();
}

void Window::say() {
  if (member_.say(input_->text().toStdString())) input_->clear();
}

void Window::say(const QString& text) {
  input_->setText(text);
  say();
}

void Window::show_news() {
  fetch_lines();
  show_lines();
  show_names();
  show_state();
  if (!unshown_.empty()) frame_.start();
}

void Window::fetch_lines() {
  for (Line& line : member_.take_lines()) unshown_.push_back(std::move(line));
  // The others would be out of the history before anybody has seen them.
  if (unshown_.size() <= history_lines) return;
  const std::size_t skipped = unshown_.size() - history_lines / 2;
  unshown_.erase(unshown_.begin(), unshown_.begin() + static_cast<std::ptrdiff_t>(skipped));
  unshown_.push_front({{}, std::to_string(skipped) + " lines went by too fast"});
}

void Window::show_lines() {
  if (unshown_.empty()) return;
  QScrollBar* const bar = history_->verticalScrollBar();
  const bool at_end = bar->value() >= bar->maximum() - 4;
  history_->setUpdatesEnabled(false);
  QTextCursor cursor(history_->document());
  cursor.movePosition(QTextCursor::End);
  cursor.beginEditBlock();  // laid out once, not once per line
  for (int i = 0; i < lines_per_frame && !unshown_.empty(); ++i) {
    append(cursor, unshown_.front());
    unshown_.pop_front();
  }
  cursor.endEditBlock();
  history_->setUpdatesEnabled(true);
  // Who has scrolled up to read is left alone.
  if (at_end) bar->setValue(bar->maximum());
}

void Window::append(QTextCursor& cursor, const Line& line) {
  if (history_->document()->isEmpty())
    cursor.setBlockFormat(line_format());
  else
    cursor.insertBlock(line_format());
  QTextCharFormat format;
  if (line.name.empty()) {
    format.setForeground(QColor(0x5c, 0x69, 0x75));
    cursor.insertText(QTime::currentTime().toString("HH:mm"), format);
    format.setFontItalic(true);
    cursor.insertText("\t" + text_of(line.text), format);
    return;
  }
  const QString name = text_of(line.name);
  format.setForeground(colour_of(name));
  format.setFontWeight(QFont::Bold);
  QFont font = history_->font();
  font.setBold(true);
  const int room = name_column - 10;
  cursor.insertText(QFontMetrics(font).elidedText(name, Qt::ElideRight, room), format);
  QTextCharFormat plain;
  plain.setForeground(QColor(0x1c, 0x27, 0x33));
  cursor.insertText("\t" + text_of(line.text), plain);
}

void Window::show_names() {
  QStringList names;
  for (const std::string& name : member_.names()) names.append(text_of(name));
  if (names == names_ && members_->count() == names.size()) return;
  names_ = names;
  members_->clear();
  for (const QString& name : names) {
    auto* const item = new QListWidgetItem(picture_of(name, picture_size), name, members_);
    if (name == text_of(member_.name())) {
      QFont font = item->font();
      font.setBold(true);
      item->setFont(font);
    }
  }
}

void Window::show_state() {
  QString text;
  const char* look = "good";
  switch (member_.state()) {
    case Member::State::connected:
      text = QString::fromUtf8("● connected");
      break;
    case Member::State::connecting:
      text = QString::fromUtf8("● connecting ...");
      look = "soon";
      break;
    case Member::State::waiting:
      text = QString::fromUtf8("● not connected (%1); retry in %2 s")
                 .arg(QString(member_.reason()).replace('_', ' '))
                 .arg(static_cast<double>(member_.retry_in().count()) / 1000, 0, 'f', 1);
      look = "bad";
      break;
  }
  members_title_->setText(member_.state() == Member::State::connected
                              ? QString("IN THE ROOM (%1)").arg(names_.size())
                              : QString("NOBODY TO BE SEEN"));
  if (state_->text() == text) return;
  state_->setText(text);
  if (state_->property("look") == look) return;
  state_->setProperty("look", look);
  state_->setStyleSheet(state_->styleSheet());  // has the look looked at again
}

void Window::show_rate() {
  const std::uint64_t heard = member_.heard();
  const qint64 ms = since_rate_.restart();
  const double rate =
      ms > 0 ? static_cast<double>(heard - heard_) * 1000 / static_cast<double>(ms) : 0;
  heard_ = heard;
  rate_->setText(QString("%1 messages/s, %2 in all").arg(rate, 0, 'f', 0).arg(heard));
}

int Window::count_shown(const QString& name, const QString& text) const {
  int count = 0;
  const QString expected = name + "\t" + text;
  for (QTextBlock block = history_->document()->begin(); block.isValid(); block = block.next())
    if (block.text() == expected) ++count;
  return count;
}

QStringList Window::members_shown() const {
  QStringList names;
  for (int i = 0; i < members_->count(); ++i) names.append(members_->item(i)->text());
  return names;
}

bool Window::shows_connected() const { return state_->property("look") == "good"; }

}  // namespace chat
