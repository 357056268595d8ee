#include "spool/loop/box.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace spool::loop {
namespace {

struct Base {
  virtual ~Base() = default;
  [[nodiscard]] virtual int kind() const { return 0; }
};
struct Other {
  virtual ~Other() = default;
  long padding = 0;
};
// Its Base does not start where the object starts.
struct Derived final : Other, Base {
  Derived(int kind_, int& alive_) : number(kind_), alive(alive_) { ++alive; }
  ~Derived() override { --alive; }
  [[nodiscard]] int kind() const override { return number; }
  int number;
  int& alive;
};

static_assert(!std::is_copy_constructible_v<Box<Base>>);
static_assert(std::is_nothrow_move_constructible_v<Box<Base>>);

struct Bench {
  SystemMemory system;
  LimitedMemory memory{system, 0};
  int alive = 0;
};

TEST_CASE("a box owns one object, and gives its memory back") {
  Bench bench;
  {
    Box<Derived> box = make_box<Derived>(bench.memory, 7, bench.alive);
    REQUIRE(static_cast<bool>(box));
    CHECK(box->kind() == 7);
    CHECK((*box).kind() == 7);
    CHECK(box.get() == &*box);
    CHECK(bench.alive == 1);
    CHECK(bench.memory.stats().bytes_in_use == sizeof(Derived));
  }
  CHECK(bench.alive == 0);
  CHECK(bench.memory.stats().bytes_in_use == 0);
}

TEST_CASE("an empty box is false, and may be reset and destroyed") {
  Box<Derived> box;
  CHECK(!static_cast<bool>(box));
  CHECK(box.get() == nullptr);
  box.reset();
}

TEST_CASE("moving leaves an empty box behind, and frees what was in the target") {
  Bench bench;
  Box<Derived> one = make_box<Derived>(bench.memory, 1, bench.alive);
  Box<Derived> two = make_box<Derived>(bench.memory, 2, bench.alive);
  one = std::move(two);
  CHECK(bench.alive == 1);
  CHECK(one->kind() == 2);
  CHECK(!static_cast<bool>(two));
  Box<Derived>& same = one;
  one = std::move(same);
  CHECK(one->kind() == 2);
  Box<Derived> three = std::move(one);
  CHECK(!static_cast<bool>(one));
  CHECK(bench.alive == 1);
  three.reset();
  three.reset();
  CHECK(bench.alive == 0);
}

TEST_CASE("a box of a base frees the whole object, wherever the base sits in it") {
  Bench bench;
  {
    Box<Base> box = make_box<Derived>(bench.memory, 9, bench.alive);
    CHECK(box->kind() == 9);
    Box<Base> other;
    other = std::move(box);
    CHECK(other->kind() == 9);
    CHECK(bench.alive == 1);
  }
  CHECK(bench.alive == 0);
  CHECK(bench.memory.stats().bytes_in_use == 0);
}

TEST_CASE("refused memory gives an empty box, of the base too") {
  Bench bench;
  LimitedMemory none(bench.system, 1);
  CHECK(!static_cast<bool>(make_box<Derived>(none, 1, bench.alive)));
  const Box<Base> box = make_box<Derived>(none, 1, bench.alive);
  CHECK(!static_cast<bool>(box));
  CHECK(bench.alive == 0);
}

TEST_CASE("a boxed object is aligned as its type asks") {
  struct alignas(64) Wide {
    char byte = 0;
  };
  Bench bench;
  const Box<Wide> box = make_box<Wide>(bench.memory);
  CHECK(reinterpret_cast<std::uintptr_t>(box.get()) % 64 == 0);
}

}  // namespace
}  // namespace spool::loop
