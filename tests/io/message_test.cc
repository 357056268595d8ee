#include "spool/io/message.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spool/io/message_pool.h"
#include "tests/support/sim_memory.h"
#include "tests/support/sim_rig.h"

namespace spool {
namespace {

using sim::bytes_of;

struct Fixture {
  sim::SimMemory memory;
  MessagePool pool{memory, 0};
  Message make(std::string_view text) { return pool.copy_of(bytes_of(text)).value(); }
  // From here on there is no block for a small message.
  [[nodiscard]] std::vector<Message> exhaust() {
    memory.refuse_all();
    std::vector<Message> held;
    for (;;) {
      Result<Message> message = pool.make(1);
      if (!message.ok()) return held;
      held.push_back(std::move(message).value());
    }
  }
};

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST_CASE("a message without a block is a valid empty message") {
  Message message;
  CHECK(message.empty());
  CHECK(message.size() == 0);
  CHECK(message.text().empty());
  CHECK(message.body().empty());
  CHECK(message.mutable_body().empty());
  CHECK(message.header().empty());
  CHECK(message.payload().empty());
  message.truncate(3);
  message.reset();
  message.header_to_body();
  message.body_to_header(0);
  message.drop_front(0);
  CHECK_FALSE(message.prepend_in_place(bytes_of("x")));
  CHECK(message.share().empty());
}

TEST_CASE_METHOD(Fixture, "a moved message is empty, and its bytes have moved along") {
  Message first = make("abc");
  Message second = std::move(first);
  CHECK(first.empty());
  CHECK(second.text() == "abc");
  first = std::move(second);
  CHECK(first.text() == "abc");
  CHECK(second.empty());
  Message& self = first;
  first = std::move(self);
  CHECK(first.text() == "abc");
  first = make("d");
  CHECK(first.text() == "d");
  CHECK(pool.stats().blocks_in_use == 1);
}

TEST_CASE_METHOD(Fixture, "a share has the same bytes and keeps them alive without a copy") {
  Message first = make("abc");
  Message second = first.share();
  CHECK(second.body().data() == first.body().data());
  CHECK(pool.stats().blocks_in_use == 1);
  first.reset();
  CHECK(pool.stats().blocks_in_use == 1);
  CHECK(second.text() == "abc");
  second.mutable_body()[0] = std::byte{'x'};
  CHECK(second.text() == "xbc");
  second.reset();
  CHECK(pool.stats().blocks_in_use == 0);
}

TEST_CASE_METHOD(Fixture,
                 "truncate shortens from behind, one owner at a time, and never lengthens") {
  Message first = make("abcdef");
  Message second = first.share();
  first.truncate(2);
  CHECK(first.text() == "ab");
  CHECK(second.text() == "abcdef");
  first.truncate(5);
  CHECK(first.text() == "ab");
  first.truncate(0);
  CHECK(first.empty());
}

TEST_CASE_METHOD(Fixture, "header and body are two views of one payload") {
  Message message = make("headbody");
  CHECK(message.header().empty());
  message.body_to_header(4);
  CHECK(text_of(message.header()) == "head");
  CHECK(message.text() == "body");
  CHECK(text_of(message.payload()) == "headbody");
  message.body_to_header(2);
  CHECK(text_of(message.header()) == "headbo");
  CHECK(message.text() == "dy");
  message.drop_front(4);
  CHECK(text_of(message.header()) == "bo");
  CHECK(text_of(message.payload()) == "body");
  message.header_to_body();
  CHECK(message.header().empty());
  CHECK(message.text() == "body");
}

TEST_CASE_METHOD(Fixture, "a header goes in front of the body without a copy while there is room") {
  Message message = make("body");
  const std::byte* where = message.body().data();
  CHECK(message.prepend_in_place(bytes_of("22")));
  CHECK(message.prepend_in_place(bytes_of("1")));
  CHECK(text_of(message.header()) == "122");
  CHECK(message.text() == "body");
  CHECK(message.body().data() == where);

  SECTION("down to the last byte of the headroom, and no further") {
    const std::string rest(MessagePool::headroom - 3, 'r');
    CHECK(message.prepend_in_place(bytes_of(rest)));
    CHECK_FALSE(message.prepend_in_place(bytes_of("x")));
    CHECK(text_of(message.payload()) == rest + "122body");
    CHECK(message.prepend_in_place({}));
  }
  SECTION("but not while somebody else owns the block as well") {
    Message other = message.share();
    CHECK_FALSE(message.prepend_in_place(bytes_of("x")));
    CHECK(text_of(message.payload()) == "122body");
    other.reset();
    CHECK(message.prepend_in_place(bytes_of("x")));
  }
}

TEST_CASE_METHOD(Fixture, "a header that finds no room moves the message to a larger block") {
  Message message = make("body");
  const std::string large(MessagePool::headroom + 1, 'h');
  CHECK(pool.push_header(message, bytes_of(large)) == Error::none);
  CHECK(text_of(message.header()) == large);
  CHECK(message.text() == "body");
  CHECK(pool.stats().blocks_in_use == 1);
  CHECK(pool.push_header(message, bytes_of("x")) == Error::none);
  CHECK(text_of(message.payload()) == "x" + large + "body");
}

TEST_CASE_METHOD(Fixture, "headers of two owners of one body do not overwrite each other") {
  Message first = make("body");
  Message second = first.share();
  CHECK(pool.push_header(first, bytes_of("11")) == Error::none);
  CHECK(pool.push_header(second, bytes_of("22")) == Error::none);
  CHECK(text_of(first.payload()) == "11body");
  CHECK(text_of(second.payload()) == "22body");
  Message third = first.share();
  CHECK(pool.push_header(third, bytes_of("33")) == Error::none);
  CHECK(pool.push_header(first, bytes_of("4")) == Error::none);
  CHECK(text_of(first.payload()) == "411body");
  CHECK(text_of(second.payload()) == "22body");
  CHECK(text_of(third.payload()) == "3311body");
}

TEST_CASE_METHOD(Fixture, "a header in front of an empty message makes a block for it") {
  Message message;
  CHECK(pool.push_header(message, bytes_of("head")) == Error::none);
  CHECK(text_of(message.header()) == "head");
  CHECK(message.empty());
}

TEST_CASE_METHOD(Fixture, "a header that no memory can be found for leaves the message as it was") {
  Message message = make("body");
  Message other = message.share();
  CHECK(pool.push_header(message, bytes_of("1")) == Error::none);
  const std::vector<Message> rest = exhaust();
  CHECK(pool.push_header(other, bytes_of("22")) == Error::no_memory);
  CHECK(text_of(other.payload()) == "body");
  CHECK(text_of(message.payload()) == "1body");
}

TEST_CASE_METHOD(Fixture,
                 "a message that moves to a larger block is still to or from the same peer") {
  Message message = make("abc");
  message.set_peer(7);
  const Message other = message.share();
  SECTION("for a header") {
    CHECK(pool.push_header(message, bytes_of("1")) == Error::none);
    CHECK(pool.push_header(message, bytes_of(std::string(MessagePool::headroom, 'h'))) ==
          Error::none);
  }
  SECTION("for a longer body") { CHECK(pool.resize(message, 5000) == Error::none); }
  CHECK(message.payload().data() != other.payload().data());
  CHECK(message.peer() == 7);
}

TEST_CASE_METHOD(Fixture, "resize keeps what there was, header included") {
  Message message = make("headbody");
  message.body_to_header(4);
  CHECK(pool.resize(message, 6) == Error::none);
  CHECK(message.size() == 6);
  CHECK(message.text().substr(0, 4) == "body");
  CHECK(text_of(message.header()) == "head");

  SECTION("when it grows beyond the block") {
    CHECK(pool.resize(message, 5000) == Error::none);
    CHECK(message.size() == 5000);
    CHECK(message.text().substr(0, 4) == "body");
    CHECK(text_of(message.header()) == "head");
    CHECK(pool.stats().blocks_in_use == 1);
  }
  SECTION("when it shrinks") {
    CHECK(pool.resize(message, 2) == Error::none);
    CHECK(message.text() == "bo");
  }
  SECTION("when the block is shared: the other owner keeps its own") {
    Message other = message.share();
    CHECK(pool.resize(message, 3) == Error::none);
    message.mutable_body()[0] = std::byte{'x'};
    CHECK(message.text() == "xod");
    CHECK(other.text().substr(0, 4) == "body");
    CHECK(text_of(message.header()) == "head");
  }
  SECTION("when there is no memory for more") {
    memory.refuse_all();
    CHECK(pool.resize(message, 5000) == Error::no_memory);
    CHECK(message.text().substr(0, 4) == "body");
  }
  SECTION("when it is too much for any message") {
    CHECK(pool.resize(message, std::size_t{1} << 32) == Error::message_too_large);
    CHECK(message.text().substr(0, 4) == "body");
  }
}

}  // namespace
}  // namespace spool
