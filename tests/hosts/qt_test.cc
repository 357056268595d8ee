// A loop inside Qt's, 5 or 6.
#include <spool/hosts/qt.h>

#include <QAbstractEventDispatcher>
#include <QCoreApplication>
#include <QEventLoop>
#include <QObject>
#include <QPointer>
#include <QSocketNotifier>
#include <QThread>
#include <QTimer>
#include <catch2/catch.hpp>

#include "guest_cases.h"

namespace spool::hosts::scenario {
namespace {

// There is one QCoreApplication in a process, and Qt wants its arguments to live as long.
struct Application {
  int count = 1;
  char name[8] = "qt_test";
  char* arguments[2] = {name, nullptr};
  QCoreApplication qt{count, arguments};
};

class QtHost final : public AdapterHost<Qt> {
 public:
  ~QtHost() override { destroy_adapters(); }
  [[nodiscard]] QObject& application() { return application_.qt; }

  Result<void> attach_to(Qt& adapter, EventLoop& loop) override { return adapter.attach(loop); }
  void after(Duration delay, std::function<void()> call) override {
    const auto length = std::chrono::ceil<std::chrono::milliseconds>(delay);
    QTimer::singleShot(length, ::Qt::PreciseTimer, &application_.qt, std::move(call));
  }
  void run() override { event_loop_.exec(); }
  void quit() override { event_loop_.quit(); }

 private:
  Application application_;
  QEventLoop event_loop_;
};

TEST_CASE(
    "destroyed in a callback, with no event loop of Qt's, the notifier goes with the program") {
  EventLoop loop = make_loop();
  QPointer<QSocketNotifier> notifier;
  {
    const Application application;
    auto adapter = std::make_unique<Qt>();
    adapter->attach(loop).value();
    notifier = QAbstractEventDispatcher::instance()->findChild<QSocketNotifier*>();
    CHECK(notifier != nullptr);
    loop.post([&] { adapter.reset(); }).value();
    while (adapter != nullptr) QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
  }
  CHECK(notifier == nullptr);
}

TEST_CASE("it ends with its parent, between turns and in them") {
  QtHost host;
  EventLoop loop = make_loop();
  for (const bool in_turn : {true, false}) {
    auto parent = std::make_unique<QObject>();
    host.adapter().attach(loop, parent.get()).value();
    const auto end = [&] {
      parent.reset();
      host.quit();
    };
    if (in_turn)
      loop.post(end).value();
    else
      host.after(5ms, end);
    host.run();
    CHECK(parent == nullptr);
    const std::uint64_t turns = loop.stats().turns;
    loop.wake();
    host.sleep(30ms);
    CHECK(loop.stats().turns == turns);
  }
  // And can be attached again.
  host.adapter().attach(loop).value();
  loop.post([&] { host.quit(); }).value();
  host.run();
}

TEST_CASE("it may outlive the application") {
  EventLoop loop = make_loop();
  Qt adapter;
  {
    const Application application;
    adapter.attach(loop).value();
  }
  adapter.detach();
  const Application another;
  CHECK(adapter.attach(loop).ok());
}

TEST_CASE("what cannot be attached is refused, and nothing is") {
  EventLoop loop = make_loop();
  Qt adapter;
  CHECK(adapter.attach(loop).error() == Error::invalid_argument);  // no application yet
  QtHost host;
  QThread elsewhere;
  QObject object;
  object.moveToThread(&elsewhere);
  CHECK(adapter.attach(loop, &object).error() == Error::wrong_thread);
  CHECK(adapter.attach(loop).ok());
}

TEST_CASE("attached in a callback that then runs Qt's event loop, it is served below the old one") {
  QtHost host;
  EventLoop one = make_loop();
  EventLoop other = make_loop();
  host.attach(one).value();
  int ran = 0;
  one.post([&] {
       host.detach();
       host.attach(other).value();
       QEventLoop dialog;
       const auto end = [&] {
         ++ran;
         host.destroy_adapter();
         dialog.quit();
       };
       other.post(end).value();
       dialog.exec();
       ++ran;
       host.quit();
     })
      .value();
  host.run();
  CHECK(ran == 2);
}

TEST_CASE("a callback that runs Qt's event loop keeps ours waiting, and nobody spins") {
  QtHost host;
  EventLoop loop = make_loop();
  host.attach(loop).value();
  bool second_ran = false;
  bool inner_ran = false;
  int rounds = 0;
  loop.post([&] {
        const auto second = [&] {
          second_ran = true;
          host.quit();
        };
        loop.post(second).value();
        QEventLoop dialog;
        host.after(100ms, [&] {
          CHECK_FALSE(second_ran);
          inner_ran = true;
        });
        for (; !inner_ran; ++rounds) dialog.processEvents(QEventLoop::WaitForMoreEvents);
      })
      .value();
  host.run();
  CHECK(inner_ran);
  CHECK(second_ran);
  CHECK(rounds <= 5);
}

TEST_CASE("a loop in a QThread lives by that thread's event loop") {
  QtHost host;
  bool served = false;
  QThread* const thread = QThread::create([&] {
    EventLoop loop = make_loop();
    Qt adapter;
    adapter.attach(loop).value();
    QEventLoop event_loop;
    loop.post([&] {
          served = QThread::currentThread() != host.application().thread();
          event_loop.quit();
        })
        .value();
    event_loop.exec();
  });
  QObject::connect(thread, &QThread::finished, [&] { host.quit(); });
  thread->start();
  host.run();
  thread->wait();
  delete thread;
  CHECK(served);
}

}  // namespace

std::unique_ptr<GuestHost> make_guest_host() { return std::make_unique<QtHost>(); }

}  // namespace spool::hosts::scenario
