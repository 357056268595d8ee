#include "spool/io/resolver.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/fake_resolver.h"

namespace spool {
namespace {

using testing::FakeResolver;
using Texts = std::vector<std::string>;

struct Owner final : NameOwner {
  void on_name_found(NameQuery& answered) noexcept override {
    ++found;
    for (const IpAddress& address : answered.addresses()) {
      Explanation text;
      address.describe(text);
      texts.emplace_back(text.text());
    }
  }
  void on_name_failed(NameQuery& failed, Error reason) noexcept override {
    error = reason;
    CHECK(failed.addresses().empty());
    if (again != nullptr) failed.ask(*std::exchange(again, nullptr), "again", IpFamily::any);
  }
  int found = 0;
  Texts texts;
  Error error = Error::none;
  Resolver* again = nullptr;
};

struct Rig {
  Rig() { query.ask(resolver, "host", IpFamily::any); }
  ~Rig() { query.cancel(); }
  FakeResolver resolver;
  Owner owner;
  NameQuery query{owner};
};

TEST_CASE_METHOD(Rig, "an answer is told once, in its order, without doubles") {
  resolver.answer({"192.0.2.1", "::1", "192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"});
  CHECK(owner.found == 1);
  CHECK(owner.texts == Texts{"192.0.2.1", "[::1]", "192.0.2.2"});
  query.cancel();
  CHECK(resolver.cancels == 0);
}

TEST_CASE("addresses that are of no use are left out, and may leave none") {
  FakeResolver resolver;
  Owner owner;
  NameQuery query(owner);
  query.ask(resolver, "host", IpFamily::ip6);
  resolver.answer({"192.0.2.1", "::1"});
  CHECK(owner.texts == Texts{"[::1]"});
  query.ask(resolver, "host", IpFamily::ip6);
  resolver.answer({"192.0.2.1"});
  CHECK(owner.error == Error::name_unknown);
  query.ask(resolver, "host", IpFamily::any);
  const std::vector<IpAddress> nowhere(3);
  resolver.take().answer(nowhere);
  CHECK(owner.found == 1);
}

TEST_CASE_METHOD(Rig, "at most sixteen addresses are kept") {
  std::vector<IpAddress> many;
  for (int i = 0; i < 40; ++i)
    many.push_back(IpAddress::parse("192.0.2." + std::to_string(i)).value());
  resolver.take().answer(many);
  CHECK(owner.texts.size() == NameQuery::addresses_max);
  CHECK(owner.texts.back() == "192.0.2.15");
}

TEST_CASE_METHOD(Rig, "no addresses are an unknown name; another failure keeps its reason") {
  resolver.answer({});
  CHECK(owner.error == Error::name_unknown);
  query.ask(resolver, "host", IpFamily::any);
  resolver.fail(Error::timed_out);
  CHECK(owner.error == Error::timed_out);
}

TEST_CASE_METHOD(Rig, "a question that is taken back is taken back once") {
  query.cancel();
  query.cancel();
  CHECK(resolver.cancels == 1);
  CHECK(owner.found == 0);
  CHECK(owner.error == Error::none);
}

TEST_CASE_METHOD(Rig, "the owner may ask again from within the answer") {
  owner.again = &resolver;
  resolver.fail(Error::name_unknown);
  CHECK(resolver.names == Texts{"host", "again"});
  resolver.answer({"192.0.2.1"});
  CHECK(owner.found == 1);
}

TEST_CASE("addresses are read and written the same") {
  for (const char* text : {"0.0.0.0", "255.255.255.255", "[::]", "[2001:db8::1]", "[fe80::1%lo]",
                           "[fe80::1%4294967295]"}) {
    CAPTURE(text);
    std::string plain = text;
    if (plain[0] == '[') plain = plain.substr(1, plain.size() - 2);
    const std::optional<IpAddress> address = IpAddress::parse(plain);
    REQUIRE(address.has_value());
    Explanation said;
    address->describe(said);
    CHECK(said.text() == text);
  }
  Explanation nothing;
  IpAddress().describe(nothing);
  CHECK(nothing.empty());
}

TEST_CASE("what is no address is none") {
  for (const std::string text :
       {"", " ", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4 ", ":", ":::", "::g", "[::1]",
        "fe80::1%", "fe80::1%0", "fe80::1%no-such", "1.2.3.4%lo", "fe80::1%4294967296"})
    CHECK_FALSE(IpAddress::parse(text).has_value());
  CHECK_FALSE(IpAddress::parse(std::string(100'000, ':')).has_value());
  CHECK_FALSE(IpAddress::parse(std::string("::1\0", 4)).has_value());
}

}  // namespace
}  // namespace spool
