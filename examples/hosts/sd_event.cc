// spool inside a program of sd-event's (libsystemd): a timer of sd-event's surveys, a respondent of
// ours answers, and one sd_event_loop serves both.

#include <spool/hosts/sd_event.h>
#include <spool/spool.h>
#include <time.h>

#include <cstdio>

int main() {
  sd_event* main_loop = nullptr;
  if (sd_event_new(&main_loop) < 0) return 1;
  auto loop = spool::EventLoop::create({}).value();

  spool::hosts::SdEvent host;
  if (const auto attached = host.attach(loop, main_loop); !attached.ok()) {
    std::printf("attach: %s\n", to_string(attached.error()));
    return 1;
  }

  auto surveyor = loop.open<spool::Surveyor>().value();
  auto worker = loop.open<spool::Respondent>().value();
  worker.connect(surveyor.listen("tcp://127.0.0.1:0").value().address().text()).value();

  constexpr std::uint64_t interval = 100'000;  // microseconds
  const auto survey = [](sd_event_source* timer, std::uint64_t, void* self) {
    static_cast<spool::Surveyor*>(self)->try_send("who is there?").value();
    sd_event_source_set_time_relative(timer, interval);
    return sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
  };
  sd_event_source* timer = nullptr;
  sd_event_add_time_relative(main_loop, &timer, CLOCK_MONOTONIC, interval, 1000, survey, &surveyor);

  worker.on_readable([&worker] {
    while (auto question = worker.try_recv()) worker.try_send("a worker").value();
  });
  int answers = 0;
  surveyor.on_readable([&] {
    while (auto answer = surveyor.try_recv()) {
      std::printf("answer %d: %.*s\n", ++answers, static_cast<int>(answer->size()),
                  answer->text().data());
    }
    if (answers == 5) sd_event_exit(main_loop, 0);
  });

  sd_event_loop(main_loop);
  host.detach();
  sd_event_source_unref(timer);
  sd_event_unref(main_loop);
  return answers == 5 ? 0 : 1;
}
