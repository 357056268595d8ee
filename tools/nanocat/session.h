// Session: one run of nanocat, from the options to the exit code. A host of spool's event loop.
//
//   open -> delay -> work -> drain -> exit code
//
// work is the same loop for all types: send what is due, print what came (REP, RESPONDENT: and
// answer it), wait for more of either. A device only turns the loop.
#pragma once

#include <spool/spool.h>

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/nanocat/options.h"
#include "tools/nanocat/source.h"

namespace nanocat {

// The descriptors that a session uses; it closes none of them.
struct Streams {
  int in = 0;
  int out = 1;
  int err = 2;
};

// How a signal handler ends a session. Outlives it.
class StopRequest {
 public:
  // From a signal handler, at any time.
  void request(int signal) noexcept {
    signal_ = signal;
    if (spool::EventLoop* loop = loop_) loop->wake();
  }
  [[nodiscard]] int signal() const noexcept { return signal_; }  // 0: none
  void attach(spool::EventLoop* loop) noexcept { loop_ = loop; }

 private:
  std::atomic<int> signal_ = 0;
  std::atomic<spool::EventLoop*> loop_ = nullptr;
};

class Session {
 public:
  Session(const Options& options, const Streams& streams, StopRequest& stop)
      : options_(options), streams_(streams), stop_(stop) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { stop_.attach(nullptr); }

  // Once. The exit code; what there is to say was said. After a StopRequest it means nothing.
  [[nodiscard]] int run();

 private:
  // Each returns false when the session is over: exit_code_ says how.
  bool open();
  bool open_loop();
  bool open_socket(const spool::SocketOptions& socket_options);
  bool open_device(const spool::SocketOptions& socket_options);
  bool open_addresses(spool::SocketBase& socket, const std::vector<std::string>& binds,
                      const std::vector<std::string>& connects);
  bool wait_until(spool::Instant end);
  bool work();
  bool send_due(bool& more);
  bool next_message();
  bool sent_one();
  bool receive_all();
  bool receive_one(bool& got_one);
  bool answer();
  bool end_of_sending();
  bool end_of_exchange();
  bool check_recv_timeout();
  bool turn(std::optional<spool::Instant> until);
  bool turn_with_input(spool::Timeout timeout);
  void drain();

  bool end(int exit_code) {
    exit_code_ = exit_code;
    return false;
  }
  bool fail(int exit_code, std::string_view text) {
    say(text);
    return end(exit_code);
  }
  bool fail(std::string_view what, spool::Error error);
  void say(std::string_view text);
  bool write_out(std::string_view bytes);
  void on_event(const spool::Event& event);

  bool end_of_receiving() {
    return end(received_ == 0 && options_.expect_message ? exit_empty : exit_ok);
  }

  [[nodiscard]] bool receives() const {
    return options_.type != spool::SocketType::push && options_.type != spool::SocketType::pub;
  }
  // Its data is for what comes in.
  [[nodiscard]] bool answers() const {
    return options_.has_data() && (options_.type == spool::SocketType::rep ||
                                   options_.type == spool::SocketType::respondent);
  }
  // What it sends makes others answer, until the exchange is over.
  [[nodiscard]] bool asks() const {
    return options_.type == spool::SocketType::req || options_.type == spool::SocketType::surveyor;
  }
  // The next question must not cut off the answers to this one.
  [[nodiscard]] bool waits_for_answer() const {
    return asked_ && (source_.is_by_line() ||
                      options_.interval.value_or(spool::Duration()) == spool::Duration::zero());
  }
  [[nodiscard]] bool recv_timeout_runs() const;
  // The next moment at which something has to be done without any descriptor saying so.
  [[nodiscard]] std::optional<spool::Instant> deadline() const;

  const Options& options_;
  Streams streams_;
  StopRequest& stop_;
  Source source_;
  std::optional<spool::EventLoop> loop_;
  std::optional<spool::AnySocket> socket_;  // this,
  std::optional<spool::Device> device_;     // or this
  spool::Message message_;                  // to send next, when has_message_
  bool has_message_ = false;
  bool waits_for_input_ = false;
  bool asked_ = false;           // an exchange of ours is running
  bool owes_answer_ = false;     // to what was received last
  bool all_sent_ = false;        // nothing is to be sent (any more)
  spool::Instant send_began_{};  // of the message that is to be sent next
  spool::Instant next_send_{};
  spool::Instant receive_began_{};  // when the receive timeout began to run
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t lost_ = 0;  // sent, and not wholly handed to the system
  std::string formatted_;
  int exit_code_ = exit_ok;
};

}  // namespace nanocat
