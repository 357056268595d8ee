// spool: nanomsg's Scalability Protocols from inside your own main loop.
//
//   #include <spool/spool.h>
//
//   auto loop = spool::EventLoop::create({}).value();
//   auto world = loop.open<spool::Sub>().value();
//   world.subscribe("world.").value();
//   world.connect("tcp://127.0.0.1:7000").value();
//
//   while (game.running()) {
//     loop.poll_once();                                    // never waits, at most its budget
//     while (auto update = world.try_recv()) game.apply(update->body());
//     game.step();
//   }
//
// No thread, no exception, no global state. Everything belongs to one loop, and a loop to one
// thread; EventLoop::wake and EventLoop::post are the only calls for other threads.
#pragma once

#include "spool/core/event_loop_config.h"
#include "spool/core/events.h"
#include "spool/core/options.h"
#include "spool/core/peer_info.h"
#include "spool/core/stats.h"
#include "spool/device.h"
#include "spool/endpoint.h"
#include "spool/event_loop.h"
#include "spool/exchange.h"
#include "spool/io/message.h"
#include "spool/loop/error.h"
#include "spool/loop/fatal.h"
#include "spool/loop/result.h"
#include "spool/loop/time.h"
#include "spool/patterns.h"
#include "spool/socket.h"
#include "spool/timer.h"
#include "spool/version.h"
#include "spool/watch.h"
