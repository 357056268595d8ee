// Lookup: one name on its way through the nameservers.
//
// The questions for IPv4 and IPv6 go out together, each from a socket of its own (so from a port
// that nobody can guess) and with a random id. Each of the two questions is in one of these states:
//
//  question | asked        | addresses | "there is none" | failure, refusal | time is   | next name
//           |              |           |                 |                  | over      |
//  ---------+--------------+-----------+-----------------+------------------+-----------+----------
//  open     | → waiting;   | –         | –               | –                | –         | –
//           | it cannot be:|           |                 |                  |           |
//           | → failed     |           |                 |                  |           |
//  waiting  | –            | → found   | → none          | → failed         | → failed  | –
//  found    | –            | –         | –               | –                | –         | –
//  none     | –            | –         | –               | –                | –         | → open
//  failed   | → waiting;   | –         | –               | –                | –         | → open
//           | it cannot be:|           |                 |                  |           |
//           | → failed     |           |                 |                  |           |
//
// When neither waits: if one is found, it is over. If both are none, the name that the search list
// makes next is asked for. Else what failed is asked again, of the next server, for as many rounds
// as there are attempts.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "spool/io/dns/message.h"
#include "spool/io/dns/system_files.h"
#include "spool/io/resolver.h"
#include "spool/loop/owned_fd.h"
#include "spool/loop/reactor.h"

namespace spool::io::dns {

class Lookup;

// Implemented by DnsResolver.
class LookupOwner {
 public:
  // The lookup is over; the owner frees it, then answers its query.
  virtual void on_lookup_done(Lookup& lookup, Error error, const AddressList& found) noexcept = 0;

 protected:
  ~LookupOwner() = default;
};

// Owned by its DnsResolver. Destroying it closes everything and calls nobody.
class Lookup {
 public:
  Lookup(LookupOwner& owner, loop::Reactor& reactor, NameQuery& query,
         const ResolverSettings& settings, std::uint16_t port) noexcept;
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;
  ~Lookup();

  // Once. May end it at once, from within the call.
  void start() noexcept;
  [[nodiscard]] NameQuery& query() const noexcept { return query_; }

 private:
  enum class State : std::uint8_t { open, waiting, found, none, failed };

  // One of the two questions.
  class Exchange final : public loop::Source {
   public:
    Exchange(Lookup& lookup, RecordType type) noexcept : lookup_(lookup), type_(type) {}
    ~Exchange() { stop(State::failed); }

    // Asks the server, anew.
    void ask(const IpAddress& server, std::uint16_t port, std::string_view name) noexcept;
    void on_ready(Readiness ready) noexcept override;
    // Waits no longer; what came of it.
    void stop(State state) noexcept;

    bool wanted = true;
    State state = State::open;
    AddressList addresses;

   private:
    [[nodiscard]] Error send(const IpAddress& server, std::uint16_t port) noexcept;

    Lookup& lookup_;
    loop::OwnedFd fd_;
    Token token_{};
    RecordType type_;
    Question question_;
  };

  [[nodiscard]] bool is_waiting() const noexcept;
  [[nodiscard]] bool has_addresses() const noexcept;
  [[nodiscard]] bool there_is_none() const noexcept;
  // Makes the next name to ask for; false behind the last.
  [[nodiscard]] bool next_name() noexcept;
  [[nodiscard]] bool complete(std::string_view domain) noexcept;
  void ask() noexcept;
  void on_settled() noexcept;
  void go_on() noexcept;
  void on_time() noexcept;
  void finish(Error error) noexcept;

  LookupOwner& owner_;
  loop::Reactor& reactor_;
  NameQuery& query_;
  ResolverSettings settings_;
  std::uint16_t port_;
  std::uint8_t names_tried_ = 0;
  std::uint8_t turn_ = 0;              // servers asked for this name
  Error error_ = Error::name_unknown;  // of the last failure for this name
  std::array<char, name_max> name_{};
  std::uint8_t name_size_ = 0;
  Exchange ip6_{*this, RecordType::ip6};
  Exchange ip4_{*this, RecordType::ip4};
  loop::Timer timer_;
};

}  // namespace spool::io::dns
