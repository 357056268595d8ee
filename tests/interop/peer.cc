// Our library as a peer of the interop tests: a socket of any type, or a device of two, told what
// to do line by line on standard input. foreign.py is the same over nanomsg's and nng's libraries.
//
//   peer [OPTION=VALUE]... TYPE[/raw|/poly] [bind|connect ADDRESS]... [TYPE/raw ... | reflect]
//
// With two sockets it is a device, with `reflect` one that has a single socket. Each line is a
// command and is answered by one line:
//
//   send BODY [HEADER [PEER]]   ok
//   recv [MS]                   got BODY HEADER PEER
//   ask BODY                    asked NUMBER         an exchange or a survey of its own
//   reply NUMBER                got BODY HEADER PEER
//   take                        taken NUMBER BODY    a request, beside others
//   answer NUMBER BODY          ok
//   peers COUNT                 ok                   once it has exactly so many, of all sockets
//
// Bytes are in hex, "-" is none. Whatever fails or takes longer than `patience` is "error WHY".

#include <spool/spool.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;
using Duplex = spool::Receiver<spool::Sender<spool::SocketBase>>;

constexpr auto patience = 15s;

[[noreturn]] void die(std::string_view why) {
  std::cerr << "peer: " << why << std::endl;
  std::_Exit(2);
}

template <typename T>
T need(spool::Result<T> result, std::string_view what, spool::EventLoop& loop) {
  if (!result.ok()) die(std::string(what) + ": " + std::string(loop.last_error()));
  return std::move(result).value();
}

unsigned number(std::string_view text) {
  unsigned value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc())
    die("no number: " + std::string(text));
  return value;
}

std::string from_hex(std::string_view hex) {
  if (hex == "-") return {};
  std::string bytes(hex.size() / 2, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    unsigned char value = 0;
    std::from_chars(hex.data() + 2 * i, hex.data() + 2 * i + 2, value, 16);
    bytes[i] = static_cast<char>(value);
  }
  return bytes;
}

std::string to_hex(std::span<const std::byte> bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  if (bytes.empty()) return "-";
  std::string hex;
  hex.reserve(2 * bytes.size());
  for (const std::byte byte : bytes) {
    hex += digits[static_cast<unsigned>(byte) >> 4];
    hex += digits[static_cast<unsigned>(byte) & 15];
  }
  return hex;
}

spool::SocketType type_of(std::string_view name) {
  for (unsigned i = 0; i <= static_cast<unsigned>(spool::SocketType::pair1); ++i) {
    if (name == to_string(static_cast<spool::SocketType>(i)))
      return static_cast<spool::SocketType>(i);
  }
  die("unknown type");
}

// A socket of any type; `duplex` is the one that it is.
struct Peer {
  std::optional<spool::Req> req;
  std::optional<spool::Surveyor> surveyor;
  std::optional<spool::AnySocket> any;
  std::optional<spool::RawSocket> raw;
  Duplex* duplex = nullptr;

  void open(spool::EventLoop& loop, std::string_view name, spool::SocketOptions options) {
    const std::size_t slash = name.find('/');
    const auto mode = slash == name.npos ? std::string_view() : name.substr(slash + 1);
    const spool::SocketType type = type_of(name.substr(0, slash));
    options.polyamorous = mode == "poly";
    if (mode == "raw") {
      duplex = &raw.emplace(need(loop.open_raw(type, options), name, loop));
    } else if (type == spool::SocketType::req) {
      duplex = &req.emplace(need(loop.open<spool::Req>(options), name, loop));
    } else if (type == spool::SocketType::surveyor) {
      duplex = &surveyor.emplace(need(loop.open<spool::Surveyor>(options), name, loop));
    } else {
      duplex = &any.emplace(need(loop.open(type, options), name, loop));
      if (type == spool::SocketType::sub) any->subscribe("").value();
    }
  }
};

class Conversation {
 public:
  Conversation(spool::EventLoop& loop, Peer& peer, const unsigned& peers)
      : loop_(loop), peer_(peer), peers_(peers) {}

  std::string obey(const Words& words) {
    const std::string& verb = words[0];
    if (verb == "send") return send(words);
    if (verb == "recv")
      return got(peer_.duplex->recv_for(
          words.size() > 1 ? spool::Timeout(std::chrono::milliseconds(number(words[1])))
                           : spool::Timeout(patience)));
    if (verb == "ask") return ask(from_hex(words[1]));
    if (verb == "reply") return reply(number(words[1]));
    if (verb == "take") return take();
    if (verb == "answer") return answer(number(words[1]), from_hex(words[2]));
    if (verb == "peers") return peers(number(words[1]));
    return "error unknown_command";
  }

 private:
  static std::string error(spool::Error error) { return std::string("error ") + to_string(error); }

  static std::string got(const spool::Result<spool::Message>& message) {
    if (!message.ok()) return error(message.error());
    return "got " + to_hex(message->body()) + " " + to_hex(message->header()) + " " +
           std::to_string(message->peer());
  }

  std::string send(const Words& words) {
    const std::string body = from_hex(words[1]);
    spool::Message message = loop_.message(body).value();
    if (words.size() > 2) {
      const std::string header = from_hex(words[2]);
      loop_.push_header(message, std::as_bytes(std::span(header))).value();
    }
    if (words.size() > 3) message.set_peer(number(words[3]));
    const auto sent = peer_.duplex->send_for(message, patience);
    return sent.ok() ? "ok" : error(sent.error());
  }

  std::string ask(const std::string& body) {
    if (peer_.req) {
      auto exchange = peer_.req->request(body);
      if (!exchange.ok()) return error(exchange.error());
      exchanges_.emplace(++last_, std::move(exchange).value());
    } else if (peer_.surveyor) {
      auto survey = peer_.surveyor->survey(body);
      if (!survey.ok()) return error(survey.error());
      surveys_.emplace(++last_, std::move(survey).value());
    } else {
      return "error not_supported";
    }
    return "asked " + std::to_string(last_);
  }

  std::string reply(unsigned which) {
    if (const auto found = exchanges_.find(which); found != exchanges_.end())
      return got(found->second.recv_for(patience));
    if (const auto found = surveys_.find(which); found != surveys_.end())
      return got(found->second.recv_for(patience));
    return "error no_such_number";
  }

  std::string take() {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < end) {
      auto request = peer_.any->try_recv_request();
      if (request.ok()) {
        std::string answer =
            "taken " + std::to_string(++last_) + " " + to_hex(request->message().body());
        requests_.emplace(last_, std::move(request).value());
        return answer;
      }
      if (request.error() != spool::Error::would_block) return error(request.error());
      loop_.poll_once(100ms);
    }
    return "error timed_out";
  }

  std::string answer(unsigned which, const std::string& body) {
    const auto found = requests_.find(which);
    if (found == requests_.end()) return "error no_such_number";
    const auto sent = found->second.reply(body);
    if (!sent.ok()) return error(sent.error());
    requests_.erase(found);
    return "ok";
  }

  std::string peers(unsigned count) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (peers_ != count) {
      if (std::chrono::steady_clock::now() > end) return "error has_" + std::to_string(peers_);
      loop_.poll_once(100ms);
    }
    return "ok";
  }

  spool::EventLoop& loop_;
  Peer& peer_;
  const unsigned& peers_;
  unsigned last_ = 0;
  std::map<unsigned, spool::Exchange> exchanges_;
  std::map<unsigned, spool::Survey> surveys_;
  std::map<unsigned, spool::Request> requests_;
};

// Lines of standard input, read by a thread so that the loop need not stop for them.
class Lines {
 public:
  explicit Lines(spool::EventLoop& loop) : loop_(loop) {
    std::thread([this] {
      std::string line;
      while (std::getline(std::cin, line)) push(std::move(line));
      std::_Exit(0);  // whoever gave the commands is gone
    }).detach();
  }

  std::string next() {
    for (;;) {
      {
        const std::lock_guard<std::mutex> guard(mutex_);
        if (!lines_.empty()) {
          std::string line = std::move(lines_.front());
          lines_.pop_front();
          return line;
        }
      }
      loop_.poll_once(spool::Timeout::infinite());
    }
  }

 private:
  void push(std::string line) {
    {
      const std::lock_guard<std::mutex> guard(mutex_);
      lines_.push_back(std::move(line));
    }
    loop_.wake();
  }

  spool::EventLoop& loop_;
  std::mutex mutex_;
  std::deque<std::string> lines_;
};

void set(spool::SocketOptions& options, std::string_view name, unsigned value) {
  if (name == "seed") {
    return;  // main has it
  } else if (name == "hops") {
    options.hop_limit = value;
  } else if (name == "resend") {
    options.request_resend = std::chrono::milliseconds(value);
  } else if (name == "deadline") {
    options.survey_deadline = std::chrono::milliseconds(value);
  } else {
    die("unknown option");
  }
}

}  // namespace

int main(int count, char** arguments) {
  unsigned peers = 0;
  spool::EventLoopConfig config;
  config.on_event = [&peers](const spool::Event& event) {
    peers += event.kind == spool::EventKind::peer_joined;
    peers -= event.kind == spool::EventKind::peer_left;
  };
  config.log = [](spool::LogLevel, std::string_view line) { std::cerr << line << std::endl; };
  for (int i = 1; i < count; ++i) {
    const std::string_view word = arguments[i];
    if (word.starts_with("seed=")) config.seed = number(word.substr(5));
  }
  auto loop = spool::EventLoop::create(std::move(config)).value();
  spool::SocketOptions options;
  options.reconnect_min = 10ms;
  options.reconnect_max = 100ms;
  std::deque<Peer> sockets;
  bool reflects = false;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = arguments[i];
    if (const std::size_t equals = word.find('='); equals != word.npos) {
      set(options, word.substr(0, equals), number(word.substr(equals + 1)));
    } else if (word == "bind" && !sockets.empty() && i + 1 < count) {
      need(sockets.back().duplex->listen(arguments[++i]), word, loop);
    } else if (word == "connect" && !sockets.empty() && i + 1 < count) {
      need(sockets.back().duplex->connect(arguments[++i]), word, loop);
    } else if (word == "reflect") {
      reflects = true;
    } else {
      sockets.emplace_back().open(loop, word, options);
    }
  }
  if (sockets.empty()) die("no socket");
  std::optional<spool::Device> device;
  if (sockets.size() == 2)
    device.emplace(need(spool::Device::join(*sockets[0].raw, *sockets[1].raw), "device", loop));
  if (reflects) device.emplace(need(spool::Device::reflect(*sockets[0].raw), "device", loop));

  Lines lines(loop);
  Conversation conversation(loop, sockets.front(), peers);
  for (;;) {
    std::istringstream line(lines.next());
    Words words;
    for (std::string word; line >> word;) words.push_back(word);
    if (words.empty()) continue;
    std::cout << conversation.obey(words) << std::endl;
  }
}
