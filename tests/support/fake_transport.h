// FakeTransport: connections and listeners that do what the test says. And the host that an
// endpoint needs.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "spool/core/endpoint.h"
#include "spool/io/transport.h"
#include "tests/support/fake_pipe.h"

namespace spool::testing {

class FakeListener final : public io::Listener {
 public:
  FakeListener(const io::Address& address, int& resumes, bool& alive)
      : address_(address), resumes_(resumes), alive_(alive) {
    alive_ = true;
  }
  ~FakeListener() override { alive_ = false; }
  void resume() noexcept override { ++resumes_; }
  [[nodiscard]] const io::Address& address() const noexcept override { return address_; }

 private:
  io::Address address_;
  int& resumes_;
  bool& alive_;
};

inline io::Address address_of(std::string_view text) {
  Explanation why;
  return io::Address::parse(text, why).value();
}

// Keeps the pipes it made until they are disposed of; what is left is freed with it.
class FakeTransport final : public io::Transport {
 public:
  explicit FakeTransport(PipeWorld& world) : world_(world) {}

  [[nodiscard]] std::string_view scheme() const noexcept override { return "fake"; }
  [[nodiscard]] Error check(const io::Address&, bool, Explanation&) noexcept override {
    return Error::none;
  }
  // All of it is a name, or its beginning, if the test says so.
  [[nodiscard]] io::HostName name_to_resolve(const io::Address& address) const noexcept override {
    return {has_names ? address.rest().substr(0, name_size) : std::string_view(), family};
  }
  [[nodiscard]] Result<io::Pipe*> connect(const io::Address& address, const io::PipeConfig& config,
                                          const io::LinkConfig&, io::PipeOwner& owner,
                                          io::OpenError& error) noexcept override {
    ++connects;
    tried.emplace_back(address.text());
    if (connect_error != Error::none) {
      error.os_error = connect_errno;
      return connect_error;
    }
    return static_cast<io::Pipe*>(&make(config, owner));
  }
  [[nodiscard]] Result<loop::Box<io::Listener>> listen(const io::Address& address,
                                                       const io::PipeConfig&, const io::LinkConfig&,
                                                       io::ListenerOwner& owner,
                                                       io::OpenError& error) noexcept override {
    if (listen_error != Error::none) {
      error.os_error = connect_errno;
      return listen_error;
    }
    listener_owner = &owner;
    return loop::Box<io::Listener>(loop::make_box<FakeListener>(
        world_.system, real_address.value_or(address), resumes, listening));
  }

  // Somebody connected to the listener.
  FakePipe& accept() {
    FakePipe& pipe = make(world_.config, *listener_owner);
    listener_owner->on_accepted(pipe);
    return pipe;
  }
  // The pipe that the last connect made.
  [[nodiscard]] FakePipe& last() { return *pipes.back(); }

  Error connect_error = Error::none;
  Error listen_error = Error::none;
  int connect_errno = 0;
  bool has_names = false;
  std::size_t name_size = std::string_view::npos;
  IpFamily family = IpFamily::any;
  std::vector<std::string> tried;
  std::optional<io::Address> real_address;
  int connects = 0;
  int resumes = 0;
  bool listening = false;
  io::ListenerOwner* listener_owner = nullptr;
  std::vector<std::unique_ptr<FakePipe>> pipes;

 private:
  FakePipe& make(const io::PipeConfig& config, io::PipeOwner& owner) {
    pipes.push_back(std::make_unique<FakePipe>(world_.pool, config, owner));
    return *pipes.back();
  }

  PipeWorld& world_;
};

// Writes down what an endpoint does with its pipes; numbers peers as a socket does.
class FakeEndpointHost final : public core::EndpointHost {
 public:
  [[nodiscard]] Error attach(io::Pipe& pipe) noexcept override {
    if (attach_error != Error::none) return attach_error;
    pipe.peer_number = ++peers;
    return Error::none;
  }
  void ask(io::Pipe& pipe) noexcept override { asked.push_back(&pipe); }
  void release(io::Pipe& pipe) noexcept override { released.push_back(&pipe); }
  void discard(io::Pipe& pipe) noexcept override {
    SPOOL_ASSERT(!pipe.loop::Link<io::OwnerList>::linked());  // it is put into the list to be freed
    discarded.push_back(&pipe);
  }
  // Beginnings are counted; what comes of them is written down.
  void report(Event event) noexcept override {
    if (event.kind == EventKind::connecting)
      ++attempts;
    else if (event.kind == EventKind::accepted)
      ++accepts;
    else
      events.push_back(event);
  }

  [[nodiscard]] const Event& last() const { return events.back(); }
  // The kinds so far, and forgets them.
  std::vector<EventKind> take_kinds() {
    std::vector<EventKind> kinds;
    for (const Event& event : events) kinds.push_back(event.kind);
    events.clear();
    return kinds;
  }

  Error attach_error = Error::none;
  std::uint32_t peers = 0;
  int attempts = 0;
  int accepts = 0;
  std::vector<io::Pipe*> asked;
  std::vector<io::Pipe*> released;
  std::vector<io::Pipe*> discarded;
  std::vector<Event> events;
};

}  // namespace spool::testing
