#include "spool/io/pipe_state.h"

#include <catch2/catch.hpp>
#include <cstring>

namespace spool::io {
namespace {

constexpr PipeState all[] = {PipeState::connecting, PipeState::handshaking, PipeState::active,
                             PipeState::draining, PipeState::ended};

TEST_CASE("a pipe moves along its table and in no other way") {
  // Rows: from; columns: to; in the order of `all`.
  constexpr bool table[5][5] = {
      {false, true, false, false, true},   // connecting
      {false, false, true, false, true},   // handshaking
      {false, false, false, true, true},   // active
      {false, false, false, false, true},  // draining
      {false, false, false, false, false}  // ended
  };
  for (int from = 0; from < 5; ++from)
    for (int to = 0; to < 5; ++to) {
      CAPTURE(to_string(all[from]), to_string(all[to]));
      CHECK(may_move(all[from], all[to]) == table[from][to]);
    }
}

TEST_CASE("every state has a name of its own") {
  for (const PipeState a : all) {
    CHECK(std::strcmp(to_string(a), "?") != 0);
    for (const PipeState b : all) CHECK((a == b) == (std::strcmp(to_string(a), to_string(b)) == 0));
  }
}

}  // namespace
}  // namespace spool::io
