// The files of the system that the built-in resolver reads.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "spool/io/dns/system_files.h"
#include "spool/io/dns/text_file.h"
#include "tests/io/transport_fixture.h"

namespace spool::io::dns {
namespace {

using Texts = std::vector<std::string>;

Texts shown(const AddressList& list) {
  Texts texts;
  for (const IpAddress& address : list.view()) {
    Explanation text;
    address.describe(text);
    texts.emplace_back(text.text());
  }
  return texts;
}

struct Files {
  ShortDirectory directory;
  std::string path = directory.file("f");

  void write(const std::string& text) const {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    REQUIRE(file != nullptr);
    REQUIRE(std::fwrite(text.data(), 1, text.size(), file) == text.size());
    std::fclose(file);
  }
  [[nodiscard]] Texts lines(std::size_t limit = 1 << 20) const {
    Texts all;
    LineReader reader(path.c_str(), limit);
    for (std::string_view line; reader.next(line);) all.emplace_back(line);
    std::string_view line;
    CHECK_FALSE(reader.next(line));
    return all;
  }
};

TEST_CASE_METHOD(Files, "a file is read line by line, the last one with or without an end") {
  write("one\n\nthree\r\nfour");
  CHECK(lines() == Texts{"one", "", "three\r", "four"});
  write("one\n");
  CHECK(lines() == Texts{"one"});
  write("");
  CHECK(lines().empty());
}

TEST_CASE_METHOD(Files, "lines of every length around the buffer's are whole or left out") {
  for (const std::size_t size : {4000, 4094, 4095, 4096, 4097, 8191, 8192, 8193, 100'000}) {
    CAPTURE(size);
    const std::string line(size, 'x');
    write("before\n" + line + "\nbehind\n");
    const Texts expected =
        size < 4096 ? Texts{"before", line, "behind"} : Texts{"before", "behind"};
    CHECK((lines() == expected));
  }
}

TEST_CASE_METHOD(Files, "many lines come whole, wherever the buffer ends") {
  std::string text;
  Texts expected;
  for (int i = 0; i < 3000; ++i) {
    expected.push_back(std::to_string(i) + std::string(static_cast<std::size_t>(i % 97), '.'));
    text += expected.back() + "\n";
  }
  write(text);
  CHECK((lines() == expected));
}

TEST_CASE_METHOD(Files, "behind the limit nothing is read, and the line that it cuts is not used") {
  write("one\ntwo\nthree\n");
  CHECK(lines(5) == Texts{"one"});
  CHECK(lines(0).empty());
}

TEST_CASE_METHOD(Files, "what is no file is empty, and nothing waits for it") {
  CHECK(lines().empty());  // not there
  LineReader directory_reader("/tmp", 1000);
  std::string_view line;
  CHECK_FALSE(directory_reader.next(line));
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK(lines().empty());
}

TEST_CASE("words are between spaces and tabs") {
  std::string_view line = " \tone two\t three\r";
  CHECK(take_word(line) == "one");
  CHECK(take_word(line) == "two");
  CHECK(take_word(line) == "three");
  CHECK(take_word(line).empty());
  CHECK(take_word(line).empty());
}

TEST_CASE_METHOD(Files, "a host's addresses are those of its lines in the hosts file") {
  write(
      "# a comment with host.name\n"
      "192.0.2.1 host.name alias\n"
      "  2001:db8::1\tother HOST.Name  # host.name\n"
      "192.0.2.2 host.names host.nam ahost.name\n"
      "192.0.2.3 # host.name\n"
      "not-an-address host.name\n"
      "192.0.2.4\n"
      "192.0.2.5 x host.name");
  const auto find = [&](const char* name, IpFamily family) {
    return shown(find_in_hosts(path.c_str(), name, family));
  };
  CHECK(find("host.name", IpFamily::any) == Texts{"192.0.2.1", "[2001:db8::1]", "192.0.2.5"});
  CHECK(find("host.name", IpFamily::ip4) == Texts{"192.0.2.1", "192.0.2.5"});
  CHECK(find("Host.NAME", IpFamily::ip6) == Texts{"[2001:db8::1]"});
  CHECK(find("alias", IpFamily::any) == Texts{"192.0.2.1"});
  CHECK(find("192.0.2.4", IpFamily::any).empty());
  CHECK(find("", IpFamily::any).empty());
  CHECK(find_in_hosts("/no/such/file", "host.name", IpFamily::any).empty());
}

TEST_CASE_METHOD(Files, "a hosts file without an end does not make the lookup endless") {
  std::string text;
  while (text.size() < (300u << 10)) text += "192.0.2.1 filler\n";
  write(text + "192.0.2.2 last\n");
  CHECK(find_in_hosts(path.c_str(), "last", IpFamily::any).empty());
  CHECK(find_in_hosts(path.c_str(), "filler", IpFamily::any).size() == 16);
}

TEST_CASE_METHOD(Files, "resolv.conf says whom to ask, and how") {
  write(
      "; a comment\n"
      "nameserver 192.0.2.53 # here\n"
      "nameserver\tfe80::1%lo\n"
      "nameserver nonsense\n"
      "nameserver 192.0.2.54\n"
      "nameserver 192.0.2.55\n"
      "domain gone.example\n"
      "search  a.example b.example. .\n"
      "options ndots:3 timeout:2 attempts:4 rotate edns0 ndots:x\n"
      "sortlist 192.0.2.0\n");
  const ResolverSettings settings = read_resolv_conf(path.c_str());
  REQUIRE(settings.server_count == 3);
  AddressList servers;
  for (const IpAddress& server : settings.servers) servers.add(server);
  CHECK(shown(servers) == Texts{"192.0.2.53", "[fe80::1%lo]", "192.0.2.54"});
  REQUIRE(settings.search_count == 2);
  CHECK(settings.search_domain(0) == "a.example");
  CHECK(settings.search_domain(1) == "b.example");
  CHECK(settings.ndots == 3);
  CHECK(settings.timeout() == 2s);
  CHECK(settings.attempts == 4);
}

TEST_CASE_METHOD(Files, "without a resolv.conf the machine itself is asked") {
  const ResolverSettings settings = read_resolv_conf(path.c_str());
  REQUIRE(settings.server_count == 1);
  AddressList servers;
  servers.add(settings.servers[0]);
  CHECK(shown(servers) == Texts{"127.0.0.1"});
  CHECK(settings.search_count == 0);
  CHECK(settings.ndots == 1);
  CHECK(settings.timeout() == 5s);
  CHECK(settings.attempts == 2);
}

TEST_CASE("options and lists have limits") {
  ResolverSettings settings;
  settings.read_line("options ndots:99 timeout:99999999999 attempts:0");
  CHECK(settings.ndots == 15);
  CHECK(settings.timeout() == 30s);
  CHECK(settings.attempts == 1);
  settings.read_line("options timeout:0 attempts:9");
  CHECK(settings.timeout() == 1s);
  CHECK(settings.attempts == 5);
  settings.read_line("options timeout:-3 attempts: ndots:x ndots timeout:2s");
  CHECK(settings.timeout() == 2s);
  CHECK(settings.attempts == 5);
  CHECK(settings.ndots == 15);
  settings.read_line("search a b c d e f g h");
  CHECK(settings.search_count == 6);
  CHECK(settings.search_domain(5) == "f");
  settings.read_line("search " + std::string(200, 'a') + " " + std::string(100, 'b'));
  CHECK(settings.search_count == 1);
  settings.read_line("search " + std::string(300, 'a'));
  CHECK(settings.search_count == 0);
  settings.read_line("");
  settings.read_line("nameserver");
  CHECK(settings.server_count == 0);
}

TEST_CASE("lists are mixed one by one, and cut at sixteen") {
  AddressList six;
  AddressList four;
  for (std::uint8_t i = 1; i <= 3; ++i) {
    six.add(*IpAddress::parse("::" + std::to_string(i)));
    if (i < 2) four.add(*IpAddress::parse("192.0.2." + std::to_string(i)));
  }
  CHECK(shown(AddressList::interleaved(six, four)) ==
        Texts{"[::1]", "192.0.2.1", "[::2]", "[::3]"});
  for (int i = 4; i < 20; ++i) six.add(*IpAddress::parse("::" + std::to_string(i)));
  CHECK(AddressList::interleaved(six, six).size() == 16);
}

}  // namespace
}  // namespace spool::io::dns
