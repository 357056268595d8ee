// A loop inside libuv's, which watches each of its descriptors.
#include <spool/hosts/uv_poller.h>

#include <catch2/catch.hpp>

#include "foreign_scenario.h"
#include "uv_host.h"

namespace spool::hosts::scenario {
namespace {

struct UvPollerHost final : UvLoop {
  UvPoller adapter;

  EventLoopConfig config() override {
    EventLoopConfig config;
    config.poller = &adapter;
    return config;
  }
  Result<void> attach(EventLoop& guest) override { return adapter.attach(guest, loop()); }
  void detach() override { adapter.detach(); }
  void on_turn(Function<void(const PollResult&)> call) override {
    adapter.on_turn(std::move(call));
  }
};

}  // namespace

std::unique_ptr<Host> make_host() { return std::make_unique<UvPollerHost>(); }

}  // namespace spool::hosts::scenario
