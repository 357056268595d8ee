// ProtocolRig: a protocol among fake pipes, attached and detached as core::Socket does it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "spool/protocols/protocol.h"
#include "tests/support/fake_pipe.h"

namespace spool::testing {

// Has to be made before its peers, so that they go first.
template <typename P>
struct ProtocolRig : PipeWorld {
  explicit ProtocolRig(const protocols::ProtocolOptions& with = {}, Memory* memory = nullptr)
      : options(with), protocol({host, memory != nullptr ? *memory : system, pool, options}) {
    ask_protocol();
  }

  FakeHost host;
  protocols::ProtocolOptions options;
  P protocol;
  std::uint32_t next_peer = 1;

  // What it wants to be asked, as core::Socket does.
  void ask_protocol() {
    config.inspects = protocol.inspects();
    config.routes = protocol.routes();
    config.returns_unsent = protocol.returns_unsent();
  }
  Error attach(FakePipe& pipe) {
    pipe.set_user(&protocol);
    if (pipe.peer_number == 0) pipe.peer_number = next_peer++;
    const Error error = protocol.attach(pipe);
    if (error != Error::none) pipe.set_user(nullptr);
    return error;
  }
  void detach(FakePipe& pipe) {
    protocol.detach(pipe);
    pipe.set_user(nullptr);
  }
  Error send(std::string_view text) {
    Message sent = message(text);
    const Error error = protocol.send(sent);
    if (error == Error::none ? !sent.empty() : sent.text() != text) return Error::wrong_state;
    return error;
  }
  // The text, or the name of the error.
  std::string receive() {
    Result<Message> received = protocol.receive();
    return received.ok() ? std::string(received->text()) : to_string(received.error());
  }
  std::vector<std::string> receive_all() {
    std::vector<std::string> texts;
    while (protocol.can_receive()) texts.push_back(receive());
    return texts;
  }
  // How many notices the work caused.
  template <typename Work>
  int notices(Work work) {
    const int before = host.readiness;
    work();
    return host.readiness - before;
  }
};

}  // namespace spool::testing
