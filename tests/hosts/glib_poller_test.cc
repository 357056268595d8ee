// A loop inside GLib's, which watches each of its descriptors.
#include <spool/hosts/glib_poller.h>

#include <catch2/catch.hpp>

#include "foreign_scenario.h"
#include "glib_host.h"

namespace spool::hosts::scenario {
namespace {

struct GlibPollerHost final : GlibLoop {
  GlibPoller adapter;

  EventLoopConfig config() override {
    EventLoopConfig config;
    config.poller = &adapter;
    return config;
  }
  Result<void> attach(EventLoop& loop) override { return adapter.attach(loop, context()); }
  void detach() override { adapter.detach(); }
  void on_turn(Function<void(const PollResult&)> call) override {
    adapter.on_turn(std::move(call));
  }
};

}  // namespace

std::unique_ptr<Host> make_host() { return std::make_unique<GlibPollerHost>(); }

}  // namespace spool::hosts::scenario
