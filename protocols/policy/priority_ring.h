// PriorityRing: pipes in 16 priority classes, in turns within a class. Intrusive: a pipe that goes
// leaves no index behind.
//
//  who uses what         sends by                     receives by
//  PAIR, PAIR v1         its one pipe                 FairQueue, a former peer's rest first
//  PAIR v1, polyamorous  the pipe that is named       FairQueue
//  PUSH / PULL           LoadBalancer                 FairQueue
//  PUB / SUB             Broadcast                    FairQueue; a reader: its own queue
//  REQ                   LoadBalancer                 the id of the request
//  REP, RESPONDENT       the way back of the request  FairQueue, of pipes that have room
//  SURVEYOR              Broadcast                    the id of the survey
//  BUS                   Broadcast                    FairQueue
//  raw ones              the same                     FairQueue; they know no ids
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "spool/io/pipe.h"
#include "spool/loop/assert.h"
#include "spool/loop/intrusive_list.h"

namespace spool::protocols {

// Owns nothing. Ring is io::SendRing or io::ReceiveRing: which of a pipe's two links it uses.
template <typename Ring>
class PriorityRing {
 public:
  static constexpr unsigned classes = 16;

  // To the end of its class, 1 (first) to 16. Nothing happens when it is in already.
  void add(io::Pipe& pipe, std::uint8_t priority) noexcept {
    SPOOL_ASSERT(priority >= 1 && priority <= classes);
    if (contains(pipe)) return;
    rings_[priority - 1u].push_back(pipe);
    used_ = static_cast<std::uint16_t>(used_ | 1u << (priority - 1u));
  }
  void remove(io::Pipe& pipe) noexcept { link(pipe).unlink(); }
  [[nodiscard]] static bool contains(const io::Pipe& pipe) noexcept {
    return static_cast<const loop::Link<Ring>&>(pipe).linked();
  }

  // Whose turn it is: the first of the lowest number that has any. Null when there is none.
  [[nodiscard]] io::Pipe* front() const noexcept {
    while (used_ != 0) {
      const auto first = static_cast<unsigned>(std::countr_zero(used_));
      if (io::Pipe* pipe = rings_[first].front()) return pipe;
      used_ = static_cast<std::uint16_t>(used_ & ~(1u << first));
    }
    return nullptr;
  }
  // The front pipe has had its turn.
  void rotate(io::Pipe& pipe, std::uint8_t priority) noexcept {
    auto& ring = rings_[priority - 1u];
    if (ring.next(pipe) == nullptr && ring.front() == &pipe) return;  // alone: its turn again
    link(pipe).unlink();
    ring.push_back(pipe);
  }
  [[nodiscard]] bool empty() const noexcept { return front() == nullptr; }

  // Calls fn(pipe) for all, class by class. fn may remove the pipe it is given.
  template <typename Fn>
  void each(Fn&& fn) noexcept {
    for (auto& ring : rings_) {
      for (io::Pipe* pipe = ring.front(); pipe != nullptr;) {
        io::Pipe* next = ring.next(*pipe);
        fn(*pipe);
        pipe = next;
      }
    }
  }

 private:
  static loop::Link<Ring>& link(io::Pipe& pipe) noexcept { return pipe; }

  std::array<loop::List<io::Pipe, Ring>, classes> rings_;
  mutable std::uint16_t used_ = 0;  // classes that may have a pipe; cleared when found empty
};

}  // namespace spool::protocols
