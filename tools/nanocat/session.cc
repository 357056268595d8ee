#include "tools/nanocat/session.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "tools/nanocat/format.h"
#include "tools/nanocat/words.h"

namespace nanocat {

namespace {

using spool::Duration;
using spool::Error;
using spool::Instant;
using spool::SocketType;
using spool::Timeout;

// How many messages are sent before the loop turns again.
constexpr int burst = 64;

// What talks to it.
SocketType peer_of(SocketType type) {
  switch (type) {
    case SocketType::push:
      return SocketType::pull;
    case SocketType::pull:
      return SocketType::push;
    case SocketType::pub:
      return SocketType::sub;
    case SocketType::sub:
      return SocketType::pub;
    case SocketType::req:
      return SocketType::rep;
    case SocketType::rep:
      return SocketType::req;
    case SocketType::surveyor:
      return SocketType::respondent;
    case SocketType::respondent:
      return SocketType::surveyor;
    case SocketType::bus:
    case SocketType::pair:
    case SocketType::pair1:
      return type;
  }
  return type;
}

}  // namespace

int Session::run() {
  if (!open()) return exit_code_;
  if (!wait_until(spool::saturating_add(loop_->now(), options_.delay))) return exit_code_;
  next_send_ = receive_began_ = loop_->now();
  while (work()) {
  }
  if (stop_.signal() == 0) drain();
  return exit_code_;
}

// --- Opening
// --------------------------------------------------------------------------------------

bool Session::open() {
  if (!source_.open(options_, streams_.in)) return fail(exit_file, source_.error());
  all_sent_ = !options_.has_data() || answers();
  if (!open_loop()) return false;
  spool::SocketOptions socket_options;
  socket_options.max_message_size = options_.recv_max_size;
  socket_options.linger = std::min<Duration>(options_.linger, std::chrono::hours(24));
  socket_options.hop_limit = options_.hop_limit;
  socket_options.overflow = spool::ReceiveOverflow::wait;
  constexpr std::size_t longest_name = 63;
  if (options_.socket_name.size() > longest_name) {
    return fail(exit_socket, socket_error("Can't set socket name", Error::invalid_argument,
                                          "at most 63 characters"));
  }
  return options_.forwards() ? open_device(socket_options) : open_socket(socket_options);
}

bool Session::open_loop() {
  spool::EventLoopConfig config;
  config.message_memory_limit = 0;  // what the user sends is as large as it is
  config.sockets_max = 2;
  config.on_event = [this](const spool::Event& event) { on_event(event); };
  spool::Explanation why;
  spool::Result<spool::EventLoop> loop = spool::EventLoop::create(std::move(config), &why);
  if (!loop.ok()) {
    return fail(exit_socket, socket_error("Can't create socket", loop.error(), why.text()));
  }
  loop_.emplace(std::move(loop).value());
  stop_.attach(&*loop_);
  return true;
}

bool Session::open_socket(const spool::SocketOptions& socket_options) {
  spool::Result<spool::AnySocket> socket = loop_->open(options_.type, socket_options);
  if (!socket.ok()) return fail("Can't create socket", socket.error());
  socket_.emplace(std::move(socket).value());
  for (const std::string& topic : options_.subscriptions) {
    const spool::Result<void> subscribed = socket_->subscribe(topic);
    if (!subscribed.ok()) return fail("Can't subscribe", subscribed.error());
  }
  return open_addresses(*socket_, options_.binds, options_.connects);
}

bool Session::open_device(const spool::SocketOptions& socket_options) {
  spool::Result<spool::RawSocket> one = loop_->open_raw(options_.type, socket_options);
  if (!one.ok()) return fail("Can't create socket", one.error());
  spool::Result<spool::RawSocket> other = loop_->open_raw(peer_of(options_.type), socket_options);
  if (!other.ok()) return fail("Can't create socket", other.error());
  if (!open_addresses(*one, options_.binds, options_.connects)) return false;
  if (!open_addresses(*other, options_.forward_binds, options_.forward_connects)) return false;
  spool::Result<spool::Device> device = spool::Device::join(*one, *other);
  if (!device.ok()) return fail("Can't create device", device.error());
  device_.emplace(std::move(device).value());
  return true;
}

bool Session::open_addresses(spool::SocketBase& socket, const std::vector<std::string>& binds,
                             const std::vector<std::string>& connects) {
  for (const std::string& address : binds) {
    const spool::Result<spool::Endpoint> endpoint = socket.listen(address);
    if (!endpoint.ok()) return fail("Can't bind", endpoint.error());
  }
  for (const std::string& address : connects) {
    const spool::Result<spool::Endpoint> endpoint = socket.connect(address);
    if (!endpoint.ok()) return fail("Can't connect", endpoint.error());
  }
  return true;
}

// --- Working
// --------------------------------------------------------------------------------------

bool Session::wait_until(Instant end) {
  while (loop_->now() < end) {
    if (!turn(end)) return false;
  }
  return true;
}

bool Session::work() {
  if (device_) return turn(std::nullopt);
  bool more = false;
  if (!answers() && !send_due(more)) return false;
  if (receives() && (!receive_all() || !check_recv_timeout())) return false;
  return turn(more ? loop_->now() : deadline());
}

// `more`: there is something to send now; the loop only gets its turn in between.
bool Session::send_due(bool& more) {
  for (int i = 0; i < burst; ++i) {
    if (all_sent_ || waits_for_answer()) return true;
    if (!has_message_) {
      if (loop_->now() < next_send_) return true;
      if (!next_message()) return false;
      if (waits_for_input_) return true;
      if (!has_message_) return end_of_sending();
    }
    const spool::Result<void> tried = socket_->try_send(message_);
    if (tried.error() == Error::would_block) {
      if (!options_.send_timeout || loop_->now() - send_began_ < *options_.send_timeout)
        return true;
      return fail(exit_socket, socket_error("Can't send", Error::timed_out));
    }
    if (!tried.ok()) return fail("Can't send", tried.error());
    if (!sent_one()) return false;
  }
  // Who cannot keep up misses messages; a file is no live feed, so wait for them a bit.
  const bool misses = options_.type == SocketType::pub || options_.type == SocketType::bus;
  if (misses && !options_.interval) {
    const spool::Result<bool> drained = loop_->drain_for(std::chrono::milliseconds(100));
    if (!drained.ok()) return fail("Can't send", drained.error());
  }
  more = true;
  return true;
}

// Sets message_, or waits_for_input_, or neither at the end.
bool Session::next_message() {
  std::string_view body;
  waits_for_input_ = false;
  switch (source_.next(body)) {
    case Source::Next::failed:
      return fail(exit_file, source_.error());
    case Source::Next::later:
      waits_for_input_ = true;
      return true;
    case Source::Next::end:
      return true;
    case Source::Next::message:
      break;
  }
  spool::Result<spool::Message> made = loop_->message(body);
  if (!made.ok()) return fail("Can't send", made.error());
  message_ = std::move(made).value();
  has_message_ = true;
  send_began_ = loop_->now();
  return true;
}

bool Session::sent_one() {
  has_message_ = false;
  asked_ = asks();
  receive_began_ = loop_->now();
  ++sent_;
  if (!receives() && sent_ == options_.count) return end(exit_ok);
  // From start to start, as nanocat does; what is late is not caught up.
  if (options_.interval) next_send_ = spool::saturating_add(send_began_, *options_.interval);
  const bool counts = !receives() || options_.type == SocketType::req;
  const bool repeats = options_.interval || source_.is_by_line() || (counts && options_.count != 0);
  return repeats || end_of_sending();
}

bool Session::end_of_sending() {
  all_sent_ = true;
  receive_began_ = loop_->now();
  if (asks() && !asked_) return end_of_receiving();
  return receives() || end(exit_ok);
}

bool Session::receive_all() {
  for (bool going_on = true; going_on;) {
    if (owes_answer_) {
      if (!answer()) return false;
      if (owes_answer_) return true;
    }
    if (!receive_one(going_on)) return false;
  }
  return true;
}

bool Session::receive_one(bool& got_one) {
  got_one = false;
  spool::Result<spool::Message> message = socket_->try_recv();
  if (message.error() == Error::would_block) return true;
  if (message.error() == Error::wrong_state || message.error() == Error::deadline_passed) {
    return !asked_ || end_of_exchange();
  }
  if (!message.ok()) return fail("Can't recv", message.error());
  formatted_.clear();
  append_message(formatted_, options_.format, message->text());
  if (!write_out(formatted_)) return false;
  receive_began_ = loop_->now();
  ++received_;
  got_one = true;
  owes_answer_ = answers();
  if (!owes_answer_ && received_ == options_.count) return end(exit_ok);
  return stop_.signal() == 0 || end(exit_ok);
}

// REQ: has its reply, or SURVEYOR: the time is over. Nothing more can come.
bool Session::end_of_exchange() {
  asked_ = false;
  return !all_sent_ || end_of_receiving();
}

// Who asked may be gone, which is his affair. There is room for his answer: who does not read his
// answers is not received from.
bool Session::answer() {
  if (!next_message()) return false;
  if (waits_for_input_) return true;
  if (!has_message_) return end(exit_ok);
  has_message_ = owes_answer_ = false;
  const spool::Result<void> tried = socket_->try_send(message_);
  if (tried.ok()) {
    ++sent_;
  } else if (tried.error() == Error::would_block) {
    say("Message not sent (EAGAIN)\n");
  } else if (tried.error() != Error::peer_closed) {
    return fail("Can't send", tried.error());
  }
  receive_began_ = loop_->now();
  return received_ != options_.count || end(exit_ok);
}

// Runs while there is nothing (more) to send; with an interval there always is.
bool Session::check_recv_timeout() {
  if (!recv_timeout_runs() || loop_->now() - receive_began_ < *options_.recv_timeout) return true;
  if (answers()) return fail(exit_socket, socket_error("Can't recv", Error::timed_out));
  return end_of_receiving();
}

bool Session::recv_timeout_runs() const {
  return receives() && options_.recv_timeout && !owes_answer_ && (all_sent_ || waits_for_answer());
}

std::optional<Instant> Session::deadline() const {
  if (has_message_) {
    if (!options_.send_timeout) return std::nullopt;
    return spool::saturating_add(send_began_, *options_.send_timeout);
  }
  if (recv_timeout_runs()) return spool::saturating_add(receive_began_, *options_.recv_timeout);
  if (all_sent_ || waits_for_input_ || waits_for_answer()) return std::nullopt;
  return next_send_;
}

// One turn of the loop, which waits for something to do until `until`.
bool Session::turn(std::optional<Instant> until) {
  if (stop_.signal() != 0) return end(exit_ok);
  const Timeout timeout = until ? Timeout::after(*until - loop_->now()) : Timeout::infinite();
  if (waits_for_input_) return turn_with_input(timeout);
  const spool::PollResult result = loop_->poll_once(timeout);
  return result.error == Error::none || fail("Can't poll", result.error);
}

// The same, waiting for the source as well.
bool Session::turn_with_input(Timeout timeout) {
  using std::chrono::milliseconds;
  loop_->flush();
  const spool::Result<spool::NativeHandle> backend = loop_->backend_fd();
  pollfd fds[2] = {{source_.fd(), POLLIN, 0}, {-1, POLLIN, 0}};
  Timeout rest = Timeout::none();
  if (backend.ok()) {
    fds[1].fd = backend.value();
    int wait = -1;
    if (timeout.length()) {
      const auto length = std::chrono::ceil<milliseconds>(*timeout.length());
      wait = static_cast<int>(std::min<milliseconds::rep>(length.count(), 1'000'000));
    }
    ::poll(fds, 2, wait);
  } else if (::poll(fds, 1, 0) == 0) {
    // Nobody can wait for both: look at the source now and then.
    const Duration slice = milliseconds(10);
    rest = Timeout::after(std::min(timeout.length().value_or(slice), slice));
  }
  const spool::PollResult result = loop_->poll_once(rest);
  return result.error == Error::none || fail("Can't poll", result.error);
}

// --- Ending
// ---------------------------------------------------------------------------------------

// Everything that was accepted is written, and the peers have closed, which says that they have
// read it: nanomsg forgets what it has not read when the other side of an ipc connection is closed
// first. What is lost all the same is told. Who asked has his answers, or wants none any more.
void Session::drain() {
  if (sent_ == 0 || asks()) return;
  lost_ = answers() ? 0 : lost_ + socket_->stats().lost_unsent;
  waits_for_input_ = false;
  socket_->close();
  const Instant until = spool::saturating_add(loop_->now(), options_.linger);
  while (stop_.signal() == 0) {
    const spool::Result<bool> drained = loop_->drain_for(Timeout::none());
    if (!drained.ok() || drained.value() || loop_->now() >= until) break;
    if (!turn(until)) return;
  }
  // A broadcast loses in silence.
  const bool broadcasts = options_.type == SocketType::pub || options_.type == SocketType::bus;
  if (broadcasts || exit_code_ != exit_ok || lost_ == 0) return;
  fail(exit_socket, socket_error("Can't send", Error::connection_reset,
                                 "messages lost: " + std::to_string(lost_)));
}

bool Session::fail(std::string_view what, Error error) {
  return fail(exit_socket, socket_error(what, error, loop_->last_error()));
}

// --- Streams
// --------------------------------------------------------------------------------------

void Session::say(std::string_view text) {
  // Whoever closed standard error does not want to know.
  while (!text.empty()) {
    const ssize_t put = ::write(streams_.err, text.data(), text.size());
    if (put <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
}

// Waits while the reader of standard output is slow: then we are slow too, and so on to the sender.
bool Session::write_out(std::string_view bytes) {
  while (!bytes.empty()) {
    if (stop_.signal() != 0) return end(exit_ok);
    const ssize_t put = ::write(streams_.out, bytes.data(), bytes.size());
    if (put >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(put));
    } else if (errno == EAGAIN) {
      pollfd room{streams_.out, POLLOUT, 0};
      ::poll(&room, 1, -1);
    } else if (errno == EPIPE) {
      stop_.request(SIGPIPE);  // the process ends as if the signal had not been held back
      return end(exit_file);
    } else if (errno != EINTR) {
      return fail(exit_file,
                  "Error writing standard output: " + std::string(std::strerror(errno)) + "\n");
    }
  }
  return true;
}

void Session::on_event(const spool::Event& event) {
  if (event.kind == spool::EventKind::messages_lost) lost_ += event.lost;
  if (options_.verbosity <= 0) return;
  const spool::Explanation text = spool::describe(event);
  say("nanocat: " + std::string(text.text()) + "\n");
}

}  // namespace nanocat
