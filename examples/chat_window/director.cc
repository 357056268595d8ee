#include "examples/chat_window/director.h"

#include <QCoreApplication>
#include <cstdio>
#include <utility>

namespace chat {
namespace {

constexpr int look_ms = 20;
constexpr int moment_ms = 90;          // between two steps, for those who watch
constexpr int patience_ms = 60'000;    // for the whole script
constexpr int process_end_ms = 5'000;  // of one that was asked to end

const char* to_string(Act act) {
  switch (act) {
    case Act::hosts:
      return "hosts";
    case Act::comes:
      return "comes";
    case Act::says:
      return "says:";
    case Act::leaves:
      return "leaves";
    case Act::dies:
      return "dies";
  }
  return "?";
}

int times_said(const std::vector<Step>& said, const Step& step) {
  int count = 0;
  for (const Step& other : said)
    if (other.name == step.name && other.text == step.text) ++count;
  return count;
}

}  // namespace

Director::Director(Window& window, std::string you, QString room, std::vector<Step> steps,
                   std::function<void(bool)> done)
    : window_(window),
      you_(std::move(you)),
      room_(std::move(room)),
      steps_(std::move(steps)),
      done_(std::move(done)) {
  QObject::connect(&look_, &QTimer::timeout, [this] { look(); });
  patience_.setSingleShot(true);
  QObject::connect(&patience_, &QTimer::timeout, [this] {
    const Step& step = steps_[next_];
    std::fprintf(stderr, "chat_window: step %zu, '%s %s %s', is not %s\n", next_ + 1,
                 step.name.c_str(), to_string(step.act), step.text.c_str(),
                 acted_ ? "shown" : "possible");
    finish(false);
  });
  here_.append(QString::fromStdString(you_));
}

Director::~Director() {
  for (auto& [name, process] : processes_) process->closeWriteChannel();
  for (auto& [name, process] : processes_) {
    if (process->waitForFinished(process_end_ms)) continue;
    process->kill();
    process->waitForFinished();
  }
}

void Director::begin() {
  look_.start(look_ms);
  patience_.start(patience_ms);
}

void Director::look() {
  if (next_ == steps_.size()) {
    look_.stop();
    return finish(is_all_shown());
  }
  const Step& step = steps_[next_];
  if (!acted_) {
    if (!can_do(step)) return;
    act(step);
    acted_ = true;
  }
  if (!is_shown(step)) return;
  acted_ = false;
  ++next_;
  look_.start(next_ < steps_.size() ? moment_ms : 3 * moment_ms);
}

bool Director::can_do(const Step& step) const {
  const bool is_here = window_.members_shown().contains(QString::fromStdString(step.name));
  return step.act == Act::hosts || is_here == (step.act != Act::comes);
}

void Director::act(const Step& step) {
  look_.start(look_ms);
  const QString name = QString::fromStdString(step.name);
  switch (step.act) {
    case Act::hosts:
    case Act::comes:
      start(step.name, step.act == Act::hosts);
      here_.append(name);
      break;
    case Act::says:
      said_.push_back(step);
      if (step.name == you_)
        window_.say(QString::fromStdString(step.text));
      else if (const auto found = processes_.find(step.name); found != processes_.end())
        found->second->write(QByteArray::fromStdString(step.text + "\n"));
      break;
    case Act::leaves:
    case Act::dies:
      here_.removeOne(name);
      if (const auto found = processes_.find(step.name); found != processes_.end()) {
        if (step.act == Act::dies)
          found->second->kill();
        else
          found->second->closeWriteChannel();
      }
      break;
  }
}

bool Director::is_shown(const Step& step) const {
  const QString name = QString::fromStdString(step.name);
  const QStringList members = window_.members_shown();
  switch (step.act) {
    case Act::hosts:
    case Act::comes:
      return members.contains(name);
    case Act::says:
      return window_.count_shown(name, QString::fromStdString(step.text)) ==
             times_said(said_, step);
    case Act::leaves:
    case Act::dies:
      return !members.contains(name);
  }
  return false;
}

bool Director::is_all_shown() const {
  bool all = window_.shows_connected();
  if (!all) std::fprintf(stderr, "chat_window: at the end, it is not shown to be connected\n");
  for (const Step& step : said_) {
    if (is_shown(step)) continue;
    std::fprintf(stderr, "chat_window: not shown as often as it was said: %s: %s\n",
                 step.name.c_str(), step.text.c_str());
    all = false;
  }
  QStringList expected = here_;
  QStringList members = window_.members_shown();
  expected.sort();
  members.sort();
  if (members != expected) {
    std::fprintf(stderr, "chat_window: members: %s; expected: %s\n", qPrintable(members.join(", ")),
                 qPrintable(expected.join(", ")));
    all = false;
  }
  return all;
}

void Director::finish(bool all_went_well) {
  look_.stop();
  patience_.stop();
  std::exchange(done_, [](bool) {})(all_went_well);
}

void Director::start(const std::string& name, bool hosts) {
  QStringList arguments{"--headless", "--room", room_, "--name", QString::fromStdString(name)};
  if (hosts) arguments.append("--host");
  auto process = std::make_unique<QProcess>();
  process->setProcessChannelMode(QProcess::ForwardedErrorChannel);
  process->setStandardOutputFile(QProcess::nullDevice());
  process->start(QCoreApplication::applicationFilePath(), arguments);
  processes_[name] = std::move(process);
}

}  // namespace chat
