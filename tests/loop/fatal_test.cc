#include "spool/loop/fatal.h"

#include <sys/mman.h>

#include <cstring>

#include <catch2/catch.hpp>

#include "spool/loop/assert.h"
#include "tests/support/crash.h"

namespace spool {
namespace {

// Written by a child that dies, read by its parent.
struct Shared {
  char reason[200] = "";
  int calls = 0;
};
Shared* shared = nullptr;

struct Rig {
  Rig() {
    void* page =
        ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(page != MAP_FAILED);
    shared = new (page) Shared;
  }
  ~Rig() {
    set_fatal_hook(nullptr);
    ::munmap(shared, sizeof(Shared));
  }
};

void note(const char* reason) noexcept {
  ++shared->calls;
  std::strncpy(shared->reason, reason, sizeof shared->reason - 1);
}
void stumble(const char* reason) noexcept {
  note(reason);
  SPOOL_ASSERT(reason == nullptr);
}

TEST_CASE("the hook hears why the process stops, and then it does") {
  Rig rig;
  CHECK(set_fatal_hook(note) == nullptr);
  const int one = 1;
  CHECK(testing::aborts([&] { SPOOL_ASSERT(one == 2); }));
  CHECK(shared->calls == 1);
  CHECK(std::strstr(shared->reason, "spool: ") == shared->reason);
  CHECK(std::strstr(shared->reason, "fatal_test.cc:") != nullptr);
  CHECK(std::strstr(shared->reason, "one == 2") != nullptr);
}

TEST_CASE("a hook that stumbles itself is not called again") {
  Rig rig;
  set_fatal_hook(stumble);
  CHECK(testing::aborts([] { SPOOL_ASSERT(shared == nullptr); }));
  CHECK(shared->calls == 1);
}

TEST_CASE("setting a hook returns the former one, and null takes it away") {
  Rig rig;
  CHECK(set_fatal_hook(note) == nullptr);
  CHECK(set_fatal_hook(stumble) == note);
  CHECK(set_fatal_hook(nullptr) == stumble);
  CHECK(testing::aborts([] { SPOOL_ASSERT(shared == nullptr); }));
  CHECK(shared->calls == 0);
}

}  // namespace
}  // namespace spool
