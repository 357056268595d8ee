#include "tools/nanocat/source.h"

#include <unistd.h>

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

using nanocat::Options;
using nanocat::Source;

namespace {

// Standard input: a pipe that the test writes to.
class Input {
 public:
  Input() { REQUIRE(::pipe(fds_) == 0); }
  ~Input() {
    ::close(fds_[0]);
    end();
  }
  void write(std::string_view text) {
    REQUIRE(::write(fds_[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  void end() {
    if (fds_[1] >= 0) ::close(fds_[1]);
    fds_[1] = -1;
  }
  [[nodiscard]] int fd() const { return fds_[0]; }

 private:
  int fds_[2];
};

// What next() says: the message, or which of the other answers.
std::string next(Source& source) {
  std::string_view body;
  switch (source.next(body)) {
    case Source::Next::message:
      return "[" + std::string(body) + "]";
    case Source::Next::later:
      return "later";
    case Source::Next::end:
      return "end";
    case Source::Next::failed:
      return "failed";
  }
  return "?";
}

Options by_line(const char* file) {
  Options options;
  options.file = file;
  options.by_line = true;
  return options;
}

}  // namespace

TEST_CASE("without data there is nothing to send") {
  Source source;
  REQUIRE(source.open(Options(), 0));
  CHECK(next(source) == "end");
}

TEST_CASE("data is the same message again and again") {
  Options options;
  options.data = "a\nb";
  Source source;
  REQUIRE(source.open(options, 0));
  CHECK(next(source) == "[a\nb]");
  CHECK(next(source) == "[a\nb]");
}

TEST_CASE("empty data and an empty file are empty messages") {
  Options options;
  options.data = "";
  Source data;
  REQUIRE(data.open(options, 0));
  CHECK(next(data) == "[]");
  options.data.reset();
  options.file = "/dev/null";
  Source file;
  REQUIRE(file.open(options, 0));
  CHECK(next(file) == "[]");
}

TEST_CASE("a file is read to its end") {
  Input input;
  input.write("one\n");
  input.write("two\n");
  input.end();
  Options options;
  options.file = "-";
  Source source;
  REQUIRE(source.open(options, input.fd()));
  CHECK(next(source) == "[one\ntwo\n]");
}

TEST_CASE("a file that cannot be opened or read is told") {
  Options options;
  options.file = "/nonexistent/x";
  Source missing;
  CHECK_FALSE(missing.open(options, 0));
  CHECK(missing.error() == "Error opening file ``/nonexistent/x'': No such file or directory\n");
  options.file = "/";
  Source folder;
  CHECK_FALSE(folder.open(options, 0));
  CHECK(folder.error() == "Error reading file ``/'': Is a directory\n");
  Source lines;
  REQUIRE(lines.open(by_line("/"), 0));
  CHECK(next(lines) == "failed");
}

TEST_CASE("lines of data, with and without a last newline") {
  Options options;
  options.by_line = true;
  options.data = "a\n\nb";
  Source without;
  REQUIRE(without.open(options, 0));
  CHECK(next(without) == "[a]");
  CHECK(next(without) == "[]");
  CHECK(next(without) == "[b]");
  CHECK(next(without) == "end");
  options.data = "a\n";
  Source with;
  REQUIRE(with.open(options, 0));
  CHECK(next(with) == "[a]");
  CHECK(next(with) == "end");
}

TEST_CASE("lines are handed out when they are whole, without waiting for more") {
  Input input;
  Source source;
  REQUIRE(source.open(by_line("-"), input.fd()));
  CHECK(source.fd() == input.fd());
  CHECK(next(source) == "later");
  input.write("on");
  CHECK(next(source) == "later");
  input.write("e\ntwo\nthr");
  CHECK(next(source) == "[one]");
  CHECK(next(source) == "[two]");
  CHECK(next(source) == "later");
  input.write("ee");
  input.end();
  CHECK(next(source) == "[three]");
  CHECK(next(source) == "end");
  CHECK(next(source) == "end");
}

TEST_CASE("a line may be longer than one read") {
  const std::string half(40000, 'x');
  Input input;
  Source source;
  REQUIRE(source.open(by_line("-"), input.fd()));
  input.write(half);
  CHECK(next(source) == "later");
  input.write(half);
  CHECK(next(source) == "later");
  input.write("\n");
  CHECK(next(source) == "[" + half + half + "]");
}
