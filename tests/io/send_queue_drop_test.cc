// Frames that leave the queue unwritten, dropped or taken back, mixed with everything else.
#include "tests/io/send_queue_fixture.h"

namespace spool::io {
namespace {

using sim::bytes_of;
using sim::frame;

// How a frame can lie in the queue.
enum class Lies { empty, small, largest_small, in_place, apart };
constexpr Lies lies_all[] = {Lies::empty, Lies::small, Lies::largest_small, Lies::in_place,
                             Lies::apart};

struct Pushed {
  std::string body;
  Message share;  // of a body that does not get its frame header in place
};

Pushed push(SendQueue& queue, FrameModel& model, MessagePool& pool, Lies lies, char fill) {
  const std::size_t size = lies == Lies::empty           ? 0
                           : lies == Lies::small         ? 3
                           : lies == Lies::largest_small ? SendQueue::copy_max
                                                         : SendQueue::copy_max + 1;
  Pushed pushed{std::string(size, fill), {}};
  Message message = pool.copy_of(bytes_of(pushed.body)).value();
  if (lies == Lies::apart) pushed.share = message.share();
  REQUIRE(queue.push(message) == Error::none);
  model.push(pushed.body);
  return pushed;
}

TEST_CASE("wherever a write stopped and however frames lie, what is unwritten can be removed") {
  const Framing framing = GENERATE(Framing::tcp, Framing::ipc);
  const bool take = GENERATE(false, true);
  const std::size_t header = frame_header_size(framing);
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  for (const Lies first : lies_all)
    for (const Lies second : lies_all)
      for (const Lies third : lies_all)
        for (const std::size_t start :
             {std::size_t{0}, std::size_t{1}, header - 1, header, header + 1, header + 2}) {
          SendQueue queue(pool, framing);
          FrameModel model{framing};
          CAPTURE(static_cast<int>(first), static_cast<int>(second), static_cast<int>(third));
          CAPTURE(start, take);
          std::vector<Pushed> pushed;
          for (const Lies lies : {first, second, third, first})
            pushed.push_back(
                push(queue, model, pool, lies, static_cast<char>('a' + pushed.size())));
          // The first may be empty, and then a longer start ends within the second.
          queue.consume(start);
          model.consume(start);
          const std::size_t stays = model.partly_written() ? 1 : 0;
          for (std::size_t left = model.frames.size(); left > stays; --left) {
            std::string payload;
            REQUIRE(model.remove_oldest(payload));
            Message message;
            REQUIRE((take ? queue.take_back(message) : queue.drop_oldest()));
            if (take) REQUIRE((message.text() == payload));
            check_same(queue, model);
          }
          Message message;
          REQUIRE_FALSE((take ? queue.take_back(message) : queue.drop_oldest()));
          check_same(queue, model);
          // Somebody else's bytes are never moved about.
          for (std::size_t i = 0; i < pushed.size(); ++i)
            if (!pushed[i].share.empty()) REQUIRE((pushed[i].share.text() == pushed[i].body));
          push(queue, model, pool, second, 'x');
          check_same(queue, model);
          REQUIRE((written(queue, SIZE_MAX) == model.bytes()));
          REQUIRE(queue.empty());
        }
  CHECK(pool.stats().blocks_in_use == 0);
}

TEST_CASE("an empty queue has nothing to drop, and a dropped last frame leaves it owning nothing") {
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  SendQueue queue(pool, Framing::tcp);
  CHECK_FALSE(queue.drop_oldest());
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, std::size_t{10'000}}) {
    Message message = pool.make(size).value();
    REQUIRE(queue.push(message) == Error::none);
    CHECK(queue.drop_oldest());
    CHECK(queue.empty());
    CHECK(queue.messages() == 0);
    CHECK(pool.stats().blocks_in_use == 0);
    CHECK_FALSE(queue.drop_oldest());
  }
}

TEST_CASE("a frame queued as a rest of which nothing was written can be dropped like any other") {
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  const Framing framing = GENERATE(Framing::tcp, Framing::ipc);
  const std::size_t size = GENERATE(std::size_t{0}, std::size_t{10}, std::size_t{10'000});
  const std::size_t start = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{7});
  SendQueue queue(pool, framing);
  Message message = pool.make(size).value();
  REQUIRE(queue.push_rest(message, start) == Error::none);
  CHECK(queue.drop_oldest() == (start == 0));
  CHECK(queue.messages() == (start == 0 ? 0u : 1u));
}

TEST_CASE(
    "a slow subscriber gets the newest, and however much is dropped the storage stays small") {
  const std::size_t size = GENERATE(std::size_t{40}, std::size_t{2048}, std::size_t{5000});
  const bool shared = GENERATE(false, true);
  const std::size_t start = GENERATE(std::size_t{0}, std::size_t{3}, std::size_t{30});
  CAPTURE(size, shared, start);
  sim::SimMemory memory;
  MessagePool pool(memory, 0);
  SendQueue queue(pool, Framing::tcp);
  FrameModel model{Framing::tcp};
  std::size_t most_in_use = 0;
  for (int i = 0; i < 5000; ++i) {
    const std::string body(size, static_cast<char>('a' + i % 26));
    Message message = pool.copy_of(bytes_of(body)).value();
    const Message other = shared ? message.share() : Message();
    if (queue.messages() == 8) {
      std::string dropped;
      REQUIRE(model.remove_oldest(dropped));
      REQUIRE(queue.drop_oldest());
    }
    REQUIRE(queue.push(message) == Error::none);
    model.push(body);
    if (i == 3) {
      queue.consume(start);
      model.consume(start);
    }
    if (i % 100 == 0) check_same(queue, model);
    most_in_use = std::max(most_in_use, pool.stats().blocks_in_use);
  }
  check_same(queue, model);
  CHECK(most_in_use < 24);  // eight frames: a chunk and a body each, and the list of them
}

// Sizes at which something changes.
std::size_t any_size(sim::Random& random) {
  constexpr std::size_t edges[] = {0, 1, 2047, 2048, 2049, 64'000, 65'527, 65'536};
  switch (random.below(4)) {
    case 0:
      return edges[random.below(std::size(edges))];
    case 1:
      return random.below(5000);
    default:
      return random.below(300);
  }
}

// A queue and its model, driven by random calls.
class Drive {
 public:
  explicit Drive(std::uint64_t seed)
      : random_(seed),
        pool_(memory_, seed % 4 < 2 ? 0 : random_.between(150'000, 400'000)),
        queue_(pool_, seed % 2 == 0 ? Framing::tcp : Framing::ipc),
        other_(pool_, seed % 3 == 0 ? Framing::tcp : Framing::ipc),
        model_{seed % 2 == 0 ? Framing::tcp : Framing::ipc},
        other_framing_(seed % 3 == 0 ? Framing::tcp : Framing::ipc) {}

  void step() {
    const bool crowded = queue_.bytes() > 400'000;
    const std::size_t dice = random_.below(100);
    if (dice < (crowded ? 10u : 50u))
      push();
    else if (dice < 70)
      consume();
    else if (dice < 85)
      drop();
    else
      take_back();
    check_same(queue_, model_);
  }
  void finish() {
    while (!queue_.empty()) {
      consume();
      check_same(queue_, model_);
    }
    for (const Share& share : shares_) REQUIRE((payload_of(share.message) == share.payload));
    shares_.clear();
    REQUIRE(pool_.stats().blocks_in_use == 0);
  }

  int refused = 0;   // pushes
  int kept = 0;      // take_back found no memory
  int taken = 0;     // messages taken back
  int skipping = 0;  // removed from behind a frame that was partly written

 private:
  struct Share {
    Message message;
    std::string payload;
  };

  void push() {
    const std::string header = random_.chance(30) ? text_of_size(random_, 8) : std::string();
    const std::string body = text_of_size(random_, any_size(random_));
    Result<Message> made = body.empty() && random_.chance(50) ? Result<Message>(Message())
                                                              : pool_.copy_of(bytes_of(body));
    if (!made.ok() || pool_.push_header(*made, bytes_of(header)) != Error::none) return;
    Message message = std::move(made).value();
    if (random_.chance(30)) shares_.push_back({message.share(), header + body});
    if (shares_.size() > 3) shares_.erase(shares_.begin());
    std::size_t start = 0;
    Error error = Error::none;
    if (queue_.empty() && random_.chance(50)) {
      start = random_.below(frame(model_.framing, header + body).size());
      if (random_.chance(50)) start = std::min(start, random_.below(12));
      error = queue_.push_rest(message, start);
      if (error != Error::none && start != 0) queue_.clear();
    } else {
      error = queue_.push(message);
    }
    if (error == Error::none) {
      REQUIRE(message.payload().empty());
      model_.push(header + body, start);
    } else {
      ++refused;
      REQUIRE(error == Error::no_memory);
      REQUIRE((message.text() == body));
      REQUIRE((payload_of(message) == header + body));
    }
  }
  void consume() {
    const std::size_t limit =
        random_.chance(60) ? random_.between(1, 40) : random_.between(1, 100'000);
    const std::string bytes = written(queue_, limit, random_.between(1, 8));
    REQUIRE((bytes == model_.bytes().substr(0, bytes.size())));
    model_.consume(bytes.size());
  }
  void drop() {
    std::string payload;
    skipping += model_.partly_written();
    REQUIRE(queue_.drop_oldest() == model_.remove_oldest(payload));
  }
  void take_back() {
    std::vector<Message> held;
    if (random_.chance(20)) held = hold_storage(pool_, memory_, random_, random_.below(2));
    Message message;
    const std::uint64_t refusals = pool_.stats().refusals;
    const FrameModel before = model_;
    std::string payload;
    const bool any = model_.remove_oldest(payload);
    skipping += any && model_.partly_written();
    const bool back = queue_.take_back(message);
    if (any && !back) {
      ++kept;
      REQUIRE(payload.size() <= SendQueue::copy_max);
      REQUIRE(pool_.stats().refusals == refusals + 1);
      model_ = before;
    } else {
      REQUIRE(back == any);
      REQUIRE(pool_.stats().refusals == refusals);
      REQUIRE((message.text() == payload));
      REQUIRE(message.header().empty());
      taken += back;
      if (back) send_elsewhere(message, payload);
    }
    held.clear();
    memory_.allow();
  }
  void send_elsewhere(Message& message, const std::string& payload) {
    if (other_.push(message) == Error::none)
      REQUIRE((written(other_, SIZE_MAX) == frame(other_framing_, payload)));
    else
      REQUIRE((message.text() == payload));
    other_.clear();
  }

  sim::Random random_;
  sim::SimMemory memory_;
  MessagePool pool_;
  SendQueue queue_;
  SendQueue other_;
  FrameModel model_;
  Framing other_framing_;
  std::vector<Share> shares_;
};

TEST_CASE("pushed, written, dropped and taken back in any order, the bytes are the model's") {
  const std::uint64_t seed = GENERATE(range(1, 25));
  CAPTURE(seed);
  Drive drive(seed);
  for (int step = 0; step < 600; ++step) {
    CAPTURE(step);
    drive.step();
  }
  drive.finish();
  CHECK(drive.taken > 10);
  CHECK(drive.kept > 0);
  CHECK(drive.skipping > 10);
  if (seed % 4 >= 2) CHECK(drive.refused > 0);
}

}  // namespace
}  // namespace spool::io
