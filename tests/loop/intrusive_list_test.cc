#include "spool/loop/intrusive_list.h"

#include <catch2/catch.hpp>
#include <deque>
#include <list>
#include <memory>
#include <random>
#include <vector>

#include "tests/support/crash.h"

namespace spool::loop {
namespace {

struct Ready {};
struct Closed {};

// In two lists at once.
struct Item : Link<Ready>, Link<Closed> {
  explicit Item(int value_ = 0) : value(value_) {}
  int value;
};
using ReadyList = List<Item, Ready>;
using ClosedList = List<Item, Closed>;

std::vector<int> values(const ReadyList& list) {
  std::vector<int> result;
  for (Item* item = list.front(); item != nullptr; item = list.next(*item))
    result.push_back(item->value);
  return result;
}
void clear(ReadyList& list) {
  while (list.pop_front() != nullptr) {
  }
}

TEST_CASE("an empty list has no front, and popping it gives nothing") {
  ReadyList list;
  CHECK(list.empty());
  CHECK(list.front() == nullptr);
  CHECK(list.pop_front() == nullptr);
}

TEST_CASE("members come out in the order of the list") {
  ReadyList list;
  Item one(1), two(2), three(3);
  list.push_back(two);
  list.push_back(three);
  list.push_front(one);
  CHECK(values(list) == std::vector<int>{1, 2, 3});
  CHECK(list.pop_front() == &one);
  CHECK(!one.Link<Ready>::linked());
  CHECK(list.pop_front() == &two);
  CHECK(list.pop_front() == &three);
  CHECK(list.empty());
}

TEST_CASE("a member leaves from anywhere, and may come back") {
  ReadyList list;
  Item items[5] = {Item(0), Item(1), Item(2), Item(3), Item(4)};
  for (Item& item : items) list.push_back(item);
  items[2].Link<Ready>::unlink();
  items[2].Link<Ready>::unlink();  // it is in none: nothing happens
  CHECK(values(list) == std::vector<int>{0, 1, 3, 4});
  items[0].Link<Ready>::unlink();
  items[4].Link<Ready>::unlink();
  CHECK(values(list) == std::vector<int>{1, 3});
  list.push_back(items[0]);
  CHECK(values(list) == std::vector<int>{1, 3, 0});
  clear(list);
}

TEST_CASE("an object is in one list per tag, and the lists do not meet") {
  ReadyList ready;
  ClosedList closed;
  Item one(1), two(2);
  ready.push_back(one);
  ready.push_back(two);
  closed.push_back(two);
  closed.push_back(one);
  CHECK(ready.pop_front() == &one);
  CHECK(closed.pop_front() == &two);
  CHECK(one.Link<Closed>::linked());
  CHECK(two.Link<Ready>::linked());
  one.Link<Closed>::unlink();
  two.Link<Ready>::unlink();
  CHECK(ready.empty());
  CHECK(closed.empty());
}

TEST_CASE("splicing moves all members behind those that are there") {
  ReadyList list, other;
  Item items[4] = {Item(0), Item(1), Item(2), Item(3)};
  list.push_back(items[0]);
  list.push_back(items[1]);
  other.push_back(items[2]);
  other.push_back(items[3]);
  list.splice_back(other);
  CHECK(other.empty());
  CHECK(values(list) == std::vector<int>{0, 1, 2, 3});
  list.splice_back(other);
  CHECK(values(list) == std::vector<int>{0, 1, 2, 3});
  clear(list);
}

TEST_CASE("a random life of a list is that of a deque") {
  const unsigned seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  std::vector<std::unique_ptr<Item>> items;
  for (int i = 0; i < 20; ++i) items.push_back(std::make_unique<Item>(i));
  ReadyList list;
  std::deque<int> model;
  for (int step = 0; step < 5000; ++step) {
    Item& item = *items[random() % items.size()];
    if (item.Link<Ready>::linked()) {
      if (random() % 3 == 0) {
        REQUIRE(list.pop_front()->value == model.front());
        model.pop_front();
      } else {
        item.Link<Ready>::unlink();
        std::erase(model, item.value);
      }
    } else if (random() % 2 == 0) {
      list.push_front(item);
      model.push_front(item.value);
    } else {
      list.push_back(item);
      model.push_back(item.value);
    }
    REQUIRE(values(list) == std::vector<int>(model.begin(), model.end()));
  }
  clear(list);
}

// In these the other side is leaked, so that only the one check can abort.
TEST_CASE("a member that is destroyed while linked aborts") {
  CHECK(testing::aborts([] {
    auto* list = new ReadyList;
    Item item;
    list->push_back(item);
  }));
}

TEST_CASE("a list that is destroyed with members in it aborts") {
  CHECK(testing::aborts([] {
    auto* item = new Item;
    ReadyList list;
    list.push_back(*item);
  }));
}

TEST_CASE("linking a linked member aborts") {
  CHECK(testing::aborts([] {
    auto *list = new ReadyList, *other = new ReadyList;
    auto* item = new Item;
    list->push_back(*item);
    other->push_back(*item);
  }));
}

}  // namespace
}  // namespace spool::loop
