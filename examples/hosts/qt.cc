// spool inside Qt's event loop, 5 or 6: a window that shows what it subscribes to. A QTimer, the
// window and the sockets live in one loop, in one thread. Ends by itself.

#include <spool/hosts/qt.h>
#include <spool/spool.h>

#include <QApplication>
#include <QByteArray>
#include <QLabel>
#include <QTimer>
#include <cstdio>

int main(int argc, char** argv) {
  QApplication app(argc, argv);
  QLabel label("waiting ...");
  label.resize(360, 80);
  label.setAlignment(Qt::AlignCenter);
  label.show();

  auto loop = spool::EventLoop::create({}).value();
  auto forecast = loop.open<spool::Pub>().value();  // would be another program
  const auto address = forecast.listen("tcp://127.0.0.1:0").value().address();
  auto weather = loop.open<spool::Sub>().value();
  weather.subscribe("weather ").value();
  weather.connect(address.text()).value();

  int shown = 0;
  weather.on_readable([&] {
    while (auto message = weather.try_recv()) {
      const auto text = message->text();
      label.setText(QString::fromUtf8(text.data(), static_cast<int>(text.size())));
      std::printf("shown: %s\n", qPrintable(label.text()));
      if (++shown == 5) QApplication::quit();
    }
  });

  spool::hosts::Qt host;  // from here on, Qt calls poll_once when there is something to do
  host.attach(loop).value();

  int degrees = 20;
  QTimer clock;  // Qt's own
  QObject::connect(&clock, &QTimer::timeout, [&] {
    const QByteArray text = "weather in Rome: " + QByteArray::number(++degrees) + " degrees";
    forecast.try_send(text.constData()).value();
  });
  clock.start(50);
  QTimer::singleShot(10'000, [] { QApplication::exit(1); });

  const int result = QApplication::exec();
  std::printf("%d forecasts in one window\n", shown);
  return result;
}
