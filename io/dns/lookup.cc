#include "spool/io/dns/lookup.h"

#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "spool/io/transports/socket.h"

namespace spool::io::dns {

namespace {

// Once one family is there, the other one may still take so long: some servers never answer for
// IPv6, and nobody should wait five seconds for that.
constexpr Duration grace = std::chrono::milliseconds(250);

constexpr int replies_per_turn = 4;

std::uint16_t random_id(loop::Reactor& reactor) noexcept {
  std::uint16_t id = 0;
  if (::getentropy(&id, sizeof id) == 0) return id;
  // Not much of a secret; the port is still one.
  return static_cast<std::uint16_t>(reactor.now().time_since_epoch().count() / 1000);
}

}  // namespace

// --- One question -------------------------------------------------------------------------------

void Lookup::Exchange::stop(State next) noexcept {
  state = next;
  if (token_.valid()) lookup_.reactor_.remove(token_);
  token_ = {};
  fd_.reset();
}

void Lookup::Exchange::ask(const IpAddress& server, std::uint16_t port,
                           std::string_view name) noexcept {
  addresses.clear();
  question_ = {random_id(lookup_.reactor_), name, type_};
  state = State::waiting;
  const Error error = send(server, port);
  if (error == Error::none) return;
  lookup_.error_ = error;
  stop(State::failed);
}

Error Lookup::Exchange::send(const IpAddress& server, std::uint16_t port) noexcept {
  std::array<std::uint8_t, query_max> query;
  const std::size_t size = write_query(question_, query);
  if (size == 0) return Error::name_unknown;  // no such name can exist
  const SocketAddress to = socket_address(server, port);
  int os_error = 0;
  Result<loop::OwnedFd> made = make_socket(to.family(), SOCK_DGRAM, os_error);
  if (!made.ok()) return made.error();
  fd_ = std::move(made).value();
  // Connected: the kernel drops what others send.
  if (::connect(fd_.get(), to.get(), to.size) != 0 ||
      ::send(fd_.get(), query.data(), size, send_flags) < 0)
    return error_from_errno(errno);
  const Result<Token> token = lookup_.reactor_.add(fd_.get(), Interest::read, *this);
  if (!token.ok()) return token.error();
  token_ = token.value();
  return Error::none;
}

void Lookup::Exchange::on_ready(Readiness) noexcept {
  for (int i = 0; i < replies_per_turn; ++i) {
    std::array<std::uint8_t, reply_max> bytes;
    const ssize_t size = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
    if (size < 0) {
      if (errno == EAGAIN || errno == EINTR) return;
      lookup_.error_ = error_from_errno(errno);  // nobody there listens, most often
      stop(State::failed);
      return lookup_.on_settled();
    }
    switch (read_reply({bytes.data(), static_cast<std::size_t>(size)}, question_, addresses)) {
      case Verdict::not_ours:
        continue;
      case Verdict::found:
        stop(State::found);
        return lookup_.on_settled();
      case Verdict::none:
        stop(State::none);
        return lookup_.on_settled();
      case Verdict::failed:
        lookup_.error_ = Error::name_unknown;
        stop(State::failed);
        return lookup_.on_settled();
    }
  }
}

// --- The lookup ---------------------------------------------------------------------------------

Lookup::Lookup(LookupOwner& owner, loop::Reactor& reactor, NameQuery& query,
               const ResolverSettings& settings, std::uint16_t port) noexcept
    : owner_(owner),
      reactor_(reactor),
      query_(query),
      settings_(settings),
      port_(port),
      timer_(loop::Timer::call<&Lookup::on_time, Lookup>, this) {
  ip6_.wanted = query.family() != IpFamily::ip4;
  ip4_.wanted = query.family() != IpFamily::ip6;
}

Lookup::~Lookup() { reactor_.cancel(timer_); }

void Lookup::start() noexcept {
  if (!next_name()) return finish(Error::name_unknown);
  ask();
  go_on();
}

bool Lookup::is_waiting() const noexcept {
  return ip6_.state == State::waiting || ip4_.state == State::waiting;
}

bool Lookup::has_addresses() const noexcept {
  return ip6_.state == State::found || ip4_.state == State::found;
}

bool Lookup::there_is_none() const noexcept {
  return (!ip6_.wanted || ip6_.state == State::none) && (!ip4_.wanted || ip4_.state == State::none);
}

bool Lookup::complete(std::string_view domain) noexcept {
  std::string_view name = query_.name();
  if (name.ends_with('.')) name.remove_suffix(1);
  const std::size_t size = name.size() + (domain.empty() ? 0 : 1 + domain.size());
  if (size > name_.size()) return false;
  auto end = std::copy(name.begin(), name.end(), name_.begin());
  if (!domain.empty()) {
    *end++ = '.';
    std::copy(domain.begin(), domain.end(), end);
  }
  name_size_ = static_cast<std::uint8_t>(size);
  return true;
}

// A name with dots enough, or one that ends in a dot, is first tried as it is; others last.
bool Lookup::next_name() noexcept {
  const std::string_view name = query_.name();
  const bool absolute = name.ends_with('.');
  const bool is_first = absolute || std::count(name.begin(), name.end(), '.') >= settings_.ndots;
  const unsigned as_it_is = is_first ? 0 : settings_.search_count;
  const unsigned names = absolute ? 1 : settings_.search_count + 1u;
  turn_ = 0;
  error_ = Error::name_unknown;
  ip6_.stop(State::open);
  ip4_.stop(State::open);
  while (names_tried_ < names) {
    const unsigned i = names_tried_++;
    if (complete(i == as_it_is ? "" : settings_.search_domain(i < as_it_is ? i : i - 1)))
      return true;
  }
  return false;
}

void Lookup::ask() noexcept {
  const IpAddress& server = settings_.servers[turn_ % settings_.server_count];
  for (Exchange* exchange : {&ip6_, &ip4_})
    if (exchange->wanted && exchange->state != State::none)
      exchange->ask(server, port_, {name_.data(), name_size_});
  if (is_waiting()) reactor_.schedule_after(timer_, settings_.timeout());
}

void Lookup::on_settled() noexcept {
  if (!is_waiting()) return go_on();
  const Instant soon = saturating_add(reactor_.now(), grace);
  if (has_addresses() && timer_.deadline() > soon) reactor_.schedule(timer_, soon);
}

void Lookup::on_time() noexcept {
  for (Exchange* exchange : {&ip6_, &ip4_})
    if (exchange->state == State::waiting) exchange->stop(State::failed);
  error_ = Error::timed_out;
  go_on();
}

void Lookup::go_on() noexcept {
  while (!is_waiting()) {
    if (has_addresses()) return finish(Error::none);
    const bool asked_all = ++turn_ == settings_.attempts * settings_.server_count;
    if (there_is_none() || asked_all) {
      // Servers that do not answer would not answer for the next name either.
      if (!there_is_none() && error_ != Error::name_unknown) return finish(error_);
      if (!next_name()) return finish(Error::name_unknown);
    }
    ask();
  }
}

void Lookup::finish(Error error) noexcept {
  // A question that was settled in vain has no addresses.
  const AddressList found = AddressList::interleaved(ip6_.addresses, ip4_.addresses);
  owner_.on_lookup_done(*this, error, found);  // *this is gone
}

}  // namespace spool::io::dns
