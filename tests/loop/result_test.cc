#include "spool/loop/result.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <type_traits>

#include "tests/support/crash.h"

namespace spool {
namespace {

using testing::aborts;

// No default constructor, no copy.
struct MoveOnly {
  explicit MoveOnly(int value) : number(std::make_unique<int>(value)) {}
  std::unique_ptr<int> number;
};

static_assert(!std::is_copy_constructible_v<Result<int>>);
static_assert(std::is_nothrow_move_constructible_v<Result<MoveOnly>>);

TEST_CASE("a result has a value and no error, or an error and no value") {
  Result<int> good = 7;
  CHECK(good.ok());
  CHECK(static_cast<bool>(good));
  CHECK(good.error() == Error::none);
  CHECK(good.value() == 7);
  CHECK(*good == 7);
  const Result<int> bad = Error::timed_out;
  CHECK(!bad.ok());
  CHECK(!static_cast<bool>(bad));
  CHECK(bad.error() == Error::timed_out);
}

TEST_CASE("a value is moved out, never copied") {
  Result<MoveOnly> result = MoveOnly(5);
  CHECK(*result->number == 5);
  const MoveOnly taken = std::move(result).value();
  CHECK(*taken.number == 5);
  Result<MoveOnly> other = MoveOnly(6);
  const MoveOnly also = *std::move(other);
  CHECK(*also.number == 6);
}

TEST_CASE("assignment goes from any to any, and destroys what was there") {
  const auto counted = std::make_shared<int>(1);
  using R = Result<std::shared_ptr<int>>;
  R a = counted;
  CHECK(counted.use_count() == 2);
  a = R(Error::closed);
  CHECK(counted.use_count() == 1);
  CHECK(a.error() == Error::closed);
  a = R(counted);
  CHECK(counted.use_count() == 2);
  a = R(std::make_shared<int>(2));
  CHECK(counted.use_count() == 1);
  CHECK(**a == 2);
  a = R(Error::closed);
  a = R(Error::timed_out);
  CHECK(a.error() == Error::timed_out);
  R& same = a;
  a = std::move(same);
  CHECK(a.error() == Error::timed_out);
}

TEST_CASE("a result's destructor destroys its value once") {
  const auto counted = std::make_shared<int>(1);
  {
    Result<std::shared_ptr<int>> result = counted;
    Result<std::shared_ptr<int>> moved = std::move(result);
    CHECK(counted.use_count() == 2);
  }
  CHECK(counted.use_count() == 1);
}

TEST_CASE("a result of nothing is success or an error") {
  const Result<void> good;
  CHECK(good.ok());
  good.value();
  const Result<void> also = Error::none;
  CHECK(also.ok());
  const Result<void> bad = Error::malformed;
  CHECK(!bad.ok());
  CHECK(bad.error() == Error::malformed);
}

TEST_CASE("asking for a value that is not there aborts, and so does an error that is none") {
  CHECK(aborts([] { static_cast<void>(Result<int>(Error::closed).value()); }));
  CHECK(aborts([] {
    Result<std::string> result = Error::closed;
    static_cast<void>(result->size());
  }));
  CHECK(aborts([] { Result<void>(Error::closed).value(); }));
  CHECK(aborts([] { static_cast<void>(Result<int>(Error::none)); }));
}

}  // namespace
}  // namespace spool
