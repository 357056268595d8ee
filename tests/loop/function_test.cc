#include "spool/loop/function.h"

#include <array>
#include <memory>
#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "tests/support/crash.h"

namespace spool {
namespace {

int twice(int value) { return 2 * value; }

TEST_CASE("an empty function is false, and calling it is a bug") {
  Function<void()> nothing;
  CHECK_FALSE(static_cast<bool>(nothing));
  CHECK_FALSE(static_cast<bool>(Function<void()>(nullptr)));
  CHECK(testing::aborts([&] { nothing(); }));
}

TEST_CASE("lambdas, function pointers and objects are called with their arguments") {
  int seen = 0;
  Function<void(int)> lambda([&](int value) { seen = value; });
  lambda(7);
  CHECK(seen == 7);
  Function<int(int)> pointer(&twice);
  CHECK(pointer(21) == 42);
  Function<std::string(std::string, const std::string&)> text(
      [](std::string a, const std::string& b) { return a + b; });
  CHECK(text("to", "gether") == "together");
}

TEST_CASE("a function keeps what it changes") {
  Function<int()> count([n = 0]() mutable { return ++n; });
  CHECK(count() == 1);
  CHECK(count() == 2);
  Function<int()> moved(std::move(count));
  CHECK(moved() == 3);
}

TEST_CASE("moving leaves nothing behind, and what was held goes once") {
  const auto held = std::make_shared<int>(1);
  {
    Function<int()> first([held] { return *held; });
    CHECK(held.use_count() == 2);
    Function<int()> second(std::move(first));
    CHECK_FALSE(static_cast<bool>(first));
    CHECK(second() == 1);
    CHECK(held.use_count() == 2);
    Function<int()> third([] { return 3; });
    third = std::move(second);
    CHECK(third() == 1);
    Function<int()>& same = third;
    third = std::move(same);
    CHECK(third() == 1);
    third = nullptr;
    CHECK(held.use_count() == 1);
  }
  CHECK(held.use_count() == 1);
}

TEST_CASE("assigning destroys what was there before") {
  const auto held = std::make_shared<int>(1);
  Function<void()> function([held] {});
  function = [] {};
  CHECK(held.use_count() == 1);
}

TEST_CASE("what cannot be copied can be held") {
  auto owned = std::make_unique<int>(5);
  Function<int()> function([owned = std::move(owned)] { return *owned; });
  CHECK(function() == 5);
}

TEST_CASE("arguments that only move are handed on") {
  Function<int(std::unique_ptr<int>)> function([](std::unique_ptr<int> value) { return *value; });
  CHECK(function(std::make_unique<int>(9)) == 9);
}

TEST_CASE("six pointers fit, and the state lies where its type needs it") {
  std::array<void*, 6> six{};
  Function<const void*()> function([six]() -> const void* { return &six; });
  static_assert(sizeof six == Function<void()>::capacity);
  CHECK(reinterpret_cast<std::uintptr_t>(function()) % alignof(std::max_align_t) == 0);
}

}  // namespace
}  // namespace spool
