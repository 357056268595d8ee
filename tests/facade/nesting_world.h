// Random life in two loops whose host sleeps on their descriptors.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <thread>
#include <variant>
#include <vector>

#include "nesting_guest.h"
#include "tests/support/sim_random.h"

namespace spool {

// Sockets, exchanges and batches come and go, from outside and from within callbacks.
class NestingWorld {
  // Outlive the loops.
  const bool is_fake_;
  SystemMemory memory_;
  testing::FakeClock clock_;

 public:
  // With a clock of the test, or with the system's.
  NestingWorld(const MakePoller& make_poller, std::uint64_t seed, bool has_fake_clock)
      : is_fake_(has_fake_clock), random(seed) {
    for (std::unique_ptr<Guest>& guest : guests)
      guest = std::make_unique<Guest>(make_poller(memory_), is_fake_ ? &clock_ : nullptr, verdict);
  }
  ~NestingWorld() {
    quiet_ = true;
    batches_.clear();
    asked_.clear();
    nodes_.clear();
  }

  // Something random outside of a turn.
  void act() {
    switch (random.below(12)) {
      case 0:
        if (nodes_.size() < 12 || random.chance(10)) link();
        break;
      case 1:
        if (batches_.size() < 2) batches_.push_back(std::make_unique<Batch>(*some_guest().loop));
        break;
      case 2:
        if (!batches_.empty()) batches_.erase(batches_.begin());
        break;
      case 3:
        some_guest().loop->flush();
        break;
      case 4:
        if (random.chance(20)) other_thread();
        break;
      case 5:
        if (is_fake_) move_time();
        break;
      default:
        something();
    }
    check();
  }
  void turn() { turn(some_guest()); }
  PollResult turn(Guest& guest) {
    Budget budget{0, 0, 0, Duration::zero()};
    if (random.chance(50)) budget.events = static_cast<std::uint32_t>(random.between(1, 3));
    if (random.chance(10)) budget.messages = 1;
    if (random.chance(10)) budget.callback_time = Duration(1);
    if (!quiet_)
      for (const std::unique_ptr<Guest>& each : guests) each->forgive();
    const Instant from = guest.loop->now();
    in_turn_ = true;
    const PollResult result = guest.turn(budget);
    in_turn_ = false;
    for (auto& [id, asked] : asked_) {
      const bool must_end = asked->guest == &guest && asked->due.has_value() && *asked->due <= from;
      verdict.expect(!must_end || !asked->is_waiting(), "it was due, and a turn later it waits");
    }
    for (auto entry = nodes_.begin(); entry != nodes_.end();)  // those that callbacks closed
      entry = entry->second->is_closed ? nodes_.erase(entry) : std::next(entry);
    check();
    return result;
  }
  // Nothing else happens: both loops must come to rest, by what they tell the host.
  void settle() {
    quiet_ = true;
    for (const std::unique_ptr<Guest>& guest : guests) guest->forgive();
    for (int turns = 0; turns < 4000 && !is_at_rest() && verdict.failure.empty(); ++turns)
      if (Guest& guest = *guests[turns % 2 == 0 ? 0 : 1]; !guest.is_at_rest()) turn(guest);
    verdict.expect(is_at_rest(), "they never come to rest");
    quiet_ = false;
  }
  [[nodiscard]] bool is_at_rest() { return guests[0]->is_at_rest() && guests[1]->is_at_rest(); }
  // Something ends within 3 ms, whatever else happens.
  void ask_for_certain() {
    if (!verdict.failure.empty()) return;
    for (const auto& [id, asked] : asked_)
      if (asked->is_waiting() && asked->due.has_value() && !asked->guest->is_suspended) return;
    for (std::unique_ptr<Guest>& guest : guests)
      if (guest->is_suspended) guest->stop_or_go_on();
    Node& node = add(some_guest(), SocketType::req);
    ask(node, Duration(3'000'000));
  }

  Verdict verdict;
  sim::Random random;
  std::array<std::unique_ptr<Guest>, 2> guests;
  std::size_t received = 0;
  std::size_t too_late = 0;  // requests and surveys whose time was over
  std::size_t tasks = 0;     // posted ones that ran

 private:
  struct Node {
    Guest* guest;
    std::variant<AnySocket, Req, Surveyor, Sub> socket;
    std::string address;  // where it listens
    Endpoint endpoint;
    std::vector<Request> held;
    bool is_closed = false;

    [[nodiscard]] SocketType type() const {
      return std::visit([](const auto& s) { return s.socket_type(); }, socket);
    }
  };
  struct Asked {
    Guest* guest;
    std::variant<Exchange, Survey, Reader> exchange;
    Duration deadline;             // zero: none
    std::optional<Instant> due{};  // of the loop's time, at the latest
    Instant not_before{};
    // There is nothing to tell yet.
    [[nodiscard]] bool is_waiting() const {
      return std::visit([](const auto& e) { return e.is_open() && !e.can_recv(); }, exchange);
    }
  };

  [[nodiscard]] Guest& some_guest() { return *guests[random.below(2)]; }
  [[nodiscard]] Node* some_node() {
    if (nodes_.empty()) return nullptr;
    Node& node = *std::next(nodes_.begin(), static_cast<int>(random.below(nodes_.size())))->second;
    return node.is_closed ? nullptr : &node;
  }
  void check() {
    for (const std::unique_ptr<Guest>& guest : guests) guest->check();
    for (auto& [id, asked] : asked_) {
      if (!asked->due.has_value() || !asked->is_waiting() || asked->guest->is_suspended) continue;
      EventLoop& loop = *asked->guest->loop;
      const std::optional<Instant> deadline = loop.next_deadline();
      verdict.expect(deadline.has_value() && *deadline <= std::max(*asked->due, loop.now()),
                     "something is due before the next deadline");
    }
  }

  [[nodiscard]] SocketOptions options() {
    SocketOptions result;
    result.send_queue_messages = random.between(1, 8);
    result.receive_queue_messages = random.between(1, 8);
    if (random.chance(50)) result.overflow = static_cast<ReceiveOverflow>(random.below(3));
    result.when_blocked = static_cast<WhenBlocked>(random.below(3));
    if (random.chance(50)) result.immediate_sends = static_cast<std::uint32_t>(random.below(2));
    result.handshake_timeout = std::chrono::milliseconds(20);
    result.linger = std::chrono::milliseconds(random.below(6));
    result.reconnect_min = std::chrono::milliseconds(1);
    result.reconnect_max = std::chrono::milliseconds(4);
    result.request_resend = std::chrono::milliseconds(3);
    result.survey_deadline = std::chrono::milliseconds(5);
    result.polyamorous = random.chance(20);
    if (random.chance(50)) result.kernel_send_buffer = result.kernel_receive_buffer = 4096;
    return result;
  }
  Node& add(Guest& guest, SocketType type) {
    SocketOptions chosen = options();
    if (type != SocketType::pair1) chosen.polyamorous = false;
    EventLoop& loop = *guest.loop;
    const std::uint64_t id = next_id_++;
    Node fresh = type == SocketType::req ? Node{&guest, loop.open<Req>(chosen).value(), {}, {}, {}}
                 : type == SocketType::surveyor
                     ? Node{&guest, loop.open<Surveyor>(chosen).value(), {}, {}, {}}
                 : type == SocketType::sub
                     ? Node{&guest, loop.open<Sub>(chosen).value(), {}, {}, {}}
                     : Node{&guest, loop.open(type, chosen).value(), {}, {}, {}};
    Node& node = *(nodes_[id] = std::make_unique<Node>(std::move(fresh)));
    if (random.chance(80))
      std::visit([&](auto& s) { s.on_readable([this, id] { on_readable(id); }); }, node.socket);
    if (random.chance(60))
      std::visit([&](auto& s) { s.on_writable([this, id] { on_writable(id); }); }, node.socket);
    if (random.chance(20))
      std::visit(
          [&](auto& s) {
            s.on_admission([this](const PeerInfo&) { return random.chance(80); }).value();
          },
          node.socket);
    return node;
  }
  void listen(Node& node) {
    const Result<Endpoint> listener =
        std::visit([&](auto& s) { return s.listen(node.address); }, node.socket);
    if (!listener.ok()) return;  // the address may still be in use
    node.endpoint = listener.value();
    node.address = std::string(node.endpoint.address().text());
  }
  void connect(Node& node, const std::string& address) {
    std::visit([&](auto& s) { static_cast<void>(s.connect(address)); }, node.socket);
  }
  void link() {
    static constexpr std::pair<SocketType, SocketType> pairs[] = {
        {SocketType::pair, SocketType::pair}, {SocketType::pair1, SocketType::pair1},
        {SocketType::push, SocketType::pull}, {SocketType::pub, SocketType::sub},
        {SocketType::req, SocketType::rep},   {SocketType::surveyor, SocketType::respondent},
        {SocketType::bus, SocketType::bus},   {SocketType::rep, SocketType::req},
        {SocketType::pull, SocketType::push}, {SocketType::respondent, SocketType::surveyor}};
    const auto [here, there] = pairs[random.below(std::size(pairs))];
    static constexpr const char* transports[] = {"inproc", "ipc", "tcp"};
    const std::string transport = transports[random.below(3)];
    Guest& guest = some_guest();
    Node& one = add(guest, here);
    Node& other = add(transport == "inproc" ? guest : some_guest(), there);
    one.address = fresh_address(transport);
    const bool is_late = transport != "tcp" && random.chance(30);
    if (!is_late) listen(one);
    connect(other, one.address);  // if nobody is there yet, again and again
    if (is_late) listen(one);
  }
  // The same address, after a while or at once; its peers connect again.
  void move_listener(Node& node) {
    if (node.address.empty()) return;
    const bool was_open = node.endpoint.is_open();
    node.endpoint.close();
    if (!was_open || random.chance(50)) listen(node);
  }

  void send(Node& node) {
    const std::string body(random.chance(15) ? 20'000 + random.below(80'000) : random.below(100),
                           static_cast<char>('a' + random.below(3)));
    if (!node.held.empty()) {
      const Error error = node.held.back().reply(body).error();
      if (error != Error::would_block) node.held.pop_back();
      return;
    }
    std::visit(
        [&](auto& socket) {
          if constexpr (requires { socket.try_send(body); })
            static_cast<void>(socket.try_send(body));
        },
        node.socket);
  }
  void take(Node& node, std::size_t most) {
    for (std::size_t i = 0; i < most; ++i) {
      if (auto* any = std::get_if<AnySocket>(&node.socket); any != nullptr) {
        if (Result<Request> request = any->try_recv_request(); request.ok()) {
          if (node.held.size() < 8) node.held.push_back(std::move(request).value());
          ++received;
          continue;
        }
      }
      const bool ok = std::visit([](auto& socket) { return socket.try_recv().ok(); }, node.socket);
      if (!ok) return;
      ++received;
    }
  }
  void on_readable(std::uint64_t id) {
    Node& node = *nodes_.at(id);
    const std::size_t manner = quiet_ ? 2 : random.below(4);
    if (manner != 0) take(node, manner == 2 ? 1000 : 1);
    if (manner == 3) send(node);
    maybe_something();
  }
  void on_writable(std::uint64_t id) {
    if (!quiet_) send(*nodes_.at(id));
    maybe_something();
  }

  void ask(Node& node, Duration deadline) {
    ExchangeOptions chosen;
    if (deadline != Duration::zero()) chosen.deadline = deadline;
    if (random.chance(30)) chosen.resend = Timeout::after(std::chrono::milliseconds(2));
    std::unique_ptr<Asked> fresh;
    if (auto* req = std::get_if<Req>(&node.socket); req != nullptr) {
      fresh.reset(new Asked{node.guest, req->open_exchange(chosen).value(), deadline});
    } else if (auto* surveyor = std::get_if<Surveyor>(&node.socket); surveyor != nullptr) {
      fresh.reset(new Asked{node.guest,
                            surveyor->open_survey({.deadline = chosen.deadline}).value(),
                            deadline != Duration::zero() ? deadline : Duration(5'000'000)});
    } else if (auto* sub = std::get_if<Sub>(&node.socket); sub != nullptr) {
      fresh.reset(new Asked{node.guest, sub->open_reader().value(), Duration::zero()});
    } else {
      return;
    }
    const std::uint64_t id = next_id_++;
    Asked& asked = *(asked_[id] = std::move(fresh));
    if (random.chance(70))
      std::visit([&](auto& e) { e.on_readable([this, id] { read(*asked_.at(id)); }); },
                 asked.exchange);
    begin(asked);
  }
  void begin(Asked& asked) {
    const std::string body(random.below(200), 'q');
    asked.due.reset();
    asked.not_before = asked.guest->loop->now() + asked.deadline;  // time goes on meanwhile
    bool ok = false;
    if (auto* exchange = std::get_if<Exchange>(&asked.exchange); exchange != nullptr)
      ok = exchange->request(body).ok();
    else if (auto* survey = std::get_if<Survey>(&asked.exchange); survey != nullptr)
      ok = survey->survey(body).ok();
    else
      static_cast<void>(std::get<Reader>(asked.exchange).subscribe(random.chance(50) ? "a" : ""));
    if (ok && asked.deadline != Duration::zero())
      asked.due = asked.guest->loop->now() + asked.deadline;
  }
  void read(Asked& asked) {
    for (;;) {
      const Result<Message> message =
          std::visit([](auto& e) { return e.try_recv(); }, asked.exchange);
      if (message.error() == Error::deadline_passed) {
        verdict.expect(asked.due.has_value() && asked.not_before <= asked.guest->loop->now(),
                       "a deadline passed before its time");
        ++too_late;
      }
      if (!message.ok()) {
        if (message.error() != Error::would_block) asked.due.reset();
        break;
      }
      ++received;
      if (std::holds_alternative<Exchange>(asked.exchange)) asked.due.reset();
    }
    if (!quiet_ && !asked.due.has_value() && random.chance(30)) begin(asked);
    maybe_something();
  }

  void move_time() {
    EventLoop& loop = *some_guest().loop;
    const std::optional<Instant> deadline = loop.next_deadline();
    if (deadline.has_value() && *deadline > loop.now() && random.chance(70))  // to the edge of it
      clock_.advance(*deadline - loop.now() - Duration(random.below(2)));
    else
      clock_.advance(Duration(random.below(4'000'000)));
    for (const std::unique_ptr<Guest>& guest : guests) guest->follow_clock();
  }
  void post(Guest& guest) {
    static_cast<void>(guest.loop->post([this] {
      ++tasks;
      maybe_something();
    }));
  }
  void other_thread() {
    Guest& guest = some_guest();
    const bool posts = random.chance(50);
    std::thread([&] { posts ? post(guest) : guest.loop->wake(); }).join();
  }
  void subscribe(Node& node) {
    auto* sub = std::get_if<Sub>(&node.socket);
    if (sub == nullptr) return;
    const std::string topic(random.below(2), static_cast<char>('a' + random.below(3)));
    static_cast<void>(random.chance(70) ? sub->subscribe(topic) : sub->unsubscribe(topic));
  }
  void part(Node& node) {
    std::visit(
        [&](auto& s) {
          PeerInfo peers[4];
          if (s.list_peers(peers) != 0) static_cast<void>(s.disconnect(peers[0].peer));
        },
        node.socket);
  }
  void close(Node& node) {
    std::visit([](auto& s) { s.close(); }, node.socket);
    node.is_closed = true;  // the rest at the end of the next turn
  }
  // What is allowed in callbacks too.
  void something() {
    switch (random.below(24)) {
      case 0:
        return post(some_guest());
      case 1:
        return some_guest().loop->wake();
      case 2:
        if (Guest& guest = some_guest(); random.chance(guest.is_suspended ? 60 : 10))
          guest.stop_or_go_on();
        return;
      case 3:
        if (!asked_.empty() && !in_turn_)
          asked_.erase(std::next(asked_.begin(), static_cast<int>(random.below(asked_.size()))));
        return;
      case 4:
        if (!asked_.empty() && !in_turn_)
          read(*std::next(asked_.begin(), static_cast<int>(random.below(asked_.size())))->second);
        return;
      case 5:
        if (in_turn_ && nodes_.size() < 10) link();
        return;
      default:
        break;
    }
    Node* node = some_node();
    if (node == nullptr) return;
    switch (random.below(12)) {
      case 0:
        if (random.chance(nodes_.size() < 10 ? 10 : 50)) close(*node);
        return;
      case 1:
        if (random.chance(30)) part(*node);
        return;
      case 2:
        if (random.chance(30)) move_listener(*node);
        return;
      case 3:
        return subscribe(*node);
      case 4:
      case 5:
        if (asked_.size() < 12)
          ask(*node, Duration(random.chance(70) ? 1'000'000 * random.between(1, 8) : 0));
        return;
      case 6:
      case 7:
        return take(*node, random.between(1, 3));
      default:
        return send(*node);
    }
  }
  void maybe_something() {
    if (!quiet_ && random.chance(15)) something();
  }

  std::map<std::uint64_t, std::unique_ptr<Node>> nodes_;
  std::map<std::uint64_t, std::unique_ptr<Asked>> asked_;
  std::vector<std::unique_ptr<Batch>> batches_;
  std::uint64_t next_id_ = 1;
  bool quiet_ = false;  // callbacks do nothing of their own
  bool in_turn_ = false;
};

}  // namespace spool
