// nanocat: nanomsg's command line tool over spool. Says how it ended to the shell, signals
// included.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "tools/nanocat/options.h"
#include "tools/nanocat/session.h"

namespace {

nanocat::StopRequest stop;

void on_signal(int signal) { stop.request(signal); }

// A socket must not become descriptor 0, 1 or 2. What was closed stays useless: 0 cannot be
// written, 1 and 2 cannot either.
void occupy_standard_descriptors() {
  int fd = 0;
  do {
    fd = ::open("/dev/null", O_RDONLY);
  } while (fd >= 0 && fd <= 2);
  if (fd > 2) ::close(fd);
}

// What is ignored stays ignored, as nohup wants it; but SIGPIPE, which write_out() raises itself.
void install_handlers() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction old = {};
    ::sigaction(signal, nullptr, &old);
    if (old.sa_handler == SIG_IGN) continue;
    struct sigaction action = {};
    action.sa_handler = on_signal;  // without SA_RESTART: waiting calls return
    ::sigaction(signal, &action, nullptr);
  }
  std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace

int main(int argc, char** argv) {
  occupy_standard_descriptors();
  const nanocat::Parsed parsed = nanocat::parse(std::vector<std::string>(argv, argv + argc));
  switch (parsed.kind) {
    case nanocat::Parsed::Kind::help:
    case nanocat::Parsed::Kind::version:
    case nanocat::Parsed::Kind::completion:
      std::fputs(parsed.text.c_str(), stdout);
      return std::fflush(stdout) == 0 ? nanocat::exit_ok : nanocat::exit_file;
    case nanocat::Parsed::Kind::error:
      std::fputs(parsed.text.c_str(), stderr);
      return nanocat::exit_usage;
    case nanocat::Parsed::Kind::run:
      break;
  }
  install_handlers();
  int exit_code = nanocat::exit_ok;
  {
    nanocat::Session session(parsed.options, nanocat::Streams(), stop);
    exit_code = session.run();
  }
  if (stop.signal() != 0) {
    // Everything is closed; end the way the sender of the signal expects.
    std::signal(stop.signal(), SIG_DFL);
    std::raise(stop.signal());
  }
  return exit_code;
}
