// Runs a spool loop inside Qt's, version 5 or 6: of a window, of a QCoreApplication, of a QThread.
// Needs no moc.
//
//   QApplication app(argc, argv);
//   auto loop = spool::EventLoop::create({}).value();
//   spool::hosts::Qt host;
//   host.attach(loop).value();
//   return app.exec();
#pragma once

#include <spool/event_loop.h>
#include <spool/hosts/guest.h>

#include <QAbstractEventDispatcher>
#include <QObject>
#include <QPointer>
#include <QSocketNotifier>
#include <QThread>
#include <utility>

namespace spool::hosts {

// Owned by the program; borrows the loop, which outlives the attachment. All calls come from one
// thread, the one that is to run the loop. May be detached, attached again and destroyed in any
// callback, its own included. Beware of `using namespace spool::hosts`: Qt has a namespace Qt.
//
// A callback that opens a dialog, or runs an event loop of Qt's otherwise, keeps our loop waiting
// until it returns, while Qt goes on. What Qt calls (a button, a timer) may do so freely.
class Qt : public Guest {
 public:
  Qt() noexcept = default;
  ~Qt() { detach(); }

  // From now on Qt calls loop.poll_once() whenever it would do something; until detach(), or the
  // end of `parent`. Without one, until the end of the thread's event dispatcher, which is that of
  // the application or of the QThread. invalid_argument when attached already, or when the thread
  // has no event dispatcher yet (no QCoreApplication); wrong_thread when `parent` lives elsewhere;
  // not_supported where the loop has no backend_fd(); no_descriptors, no_memory. Then nothing is
  // attached.
  [[nodiscard]] Result<void> attach(EventLoop& loop, QObject* parent = nullptr) noexcept {
    QAbstractEventDispatcher* const dispatcher = QAbstractEventDispatcher::instance();
    if (notifier_ == nullptr) end();  // its parent has ended
    if (attached() || dispatcher == nullptr) return Error::invalid_argument;
    if (parent == nullptr) parent = dispatcher;
    if (parent->thread() != QThread::currentThread()) return Error::wrong_thread;
    const Result<NativeHandle> descriptor = descriptor_of(loop);
    if (!descriptor.ok()) return descriptor.error();
    begin(loop);
    notifier_ = new QSocketNotifier(descriptor.value(), QSocketNotifier::Read, parent);
    QObject::connect(notifier_.data(), &QSocketNotifier::activated, [this] { ready(); });
    return {};
  }

  void detach() noexcept {
    end();
    if (notifier_ == nullptr) return;
    QSocketNotifier* const notifier = std::exchange(notifier_, nullptr).data();
    notifier->setEnabled(false);
    notifier->disconnect();
    // Below ready(), it is below it too: Qt deletes it when all that has returned.
    if (serving())
      notifier->deleteLater();
    else
      delete notifier;
  }

 private:
  // Off while poll_once runs: an event loop that a callback runs would find the descriptor readable
  // for ever, as nobody serves it. (Qt asks for the same on Windows.)
  void ready() noexcept {
    notifier_->setEnabled(false);
    const After after = serve();
    if (after == After::ended) return;
    if (after == After::failed)
      detach();
    else if (notifier_ != nullptr)
      notifier_->setEnabled(true);
  }

  // Null while not attached. Belongs to us and to its parent: it ends with the first of both.
  QPointer<QSocketNotifier> notifier_;
};

}  // namespace spool::hosts
