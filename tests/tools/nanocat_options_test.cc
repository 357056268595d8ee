// Texts were recorded from nanomsg's nanocat 1.1.5, but for what it does not have.
#include "tools/nanocat/options.h"

#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using nanocat::Format;
using nanocat::Options;
using nanocat::Parsed;
using spool::SocketType;

using Words = std::vector<std::string>;

namespace {

Parsed parse(const std::string& line, const std::string& program = "nanocat") {
  Words arguments = {program};
  std::istringstream words(line);
  for (std::string word; words >> word;) arguments.push_back(word);
  return nanocat::parse(arguments);
}

// Of a line that is right.
Options options(const std::string& line, const std::string& program = "nanocat") {
  const Parsed parsed = parse(line, program);
  INFO(line << ": " << parsed.text);
  CHECK(parsed.kind == Parsed::Kind::run);
  return parsed.options;
}

// Of a line that is wrong: what is said.
std::string error(const std::string& line, const std::string& program = "nanocat") {
  const Parsed parsed = parse(line, program);
  INFO(line);
  CHECK(parsed.kind == Parsed::Kind::error);
  return parsed.text;
}

const std::string types_list =
    "    --push\n    --pull\n    --pub\n    --sub\n    --req\n    --rep\n    --surveyor\n"
    "    --respondent\n    --bus\n    --pair\n    --pair1\n";
const std::string writable_list =
    "    --push\n    --pub\n    --req\n    --rep\n    --surveyor\n    --respondent\n    --bus\n"
    "    --pair\n    --pair1\n";
const std::string readable_list =
    "    --pull\n    --sub\n    --req\n    --rep\n    --surveyor\n    --respondent\n    --bus\n"
    "    --pair\n    --pair1\n";
const std::string addresses_list =
    "    --bind\n    --connect\n    --bind-ipc\n    -X\n    --connect-ipc\n    -x\n"
    "    --bind-local\n    -L\n    --connect-local\n    -l\n";
const std::string data_list =
    "    --data\n    -D\n    --file\n    -F\n    --forward-bind\n    --forward-connect\n";

}  // namespace

// --- Types
// ----------------------------------------------------------------------------------------

TEST_CASE("each type has its option, and nng's name with a digit") {
  const std::pair<std::string, SocketType> types[] = {
      {"push", SocketType::push},         {"pull", SocketType::pull},
      {"pub", SocketType::pub},           {"sub", SocketType::sub},
      {"req", SocketType::req},           {"rep", SocketType::rep},
      {"surveyor", SocketType::surveyor}, {"respondent", SocketType::respondent},
      {"bus", SocketType::bus},           {"pair", SocketType::pair}};
  for (const auto& [name, type] : types) {
    const bool reads_only = name == "pull" || name == "sub";
    const std::string rest = reads_only ? " -l 1" : " -l 1 -D x";
    CHECK(options("--" + name + rest).type == type);
    CHECK(options("--" + name + "0" + rest).type == type);
    CHECK(options(rest, "/usr/bin/nn_" + name).type == type);
  }
}

TEST_CASE("version 1 of PAIR has its own option; abbreviations mean version 0") {
  CHECK(options("--pair1 -l 1").type == SocketType::pair1);
  CHECK(options("--pai -l 1").type == SocketType::pair);
}

TEST_CASE("the program's name is a type") {
  CHECK(error("-l 1", "bin/nn_push") ==
        "bin/nn_push: Option bin/nn_push (executable) requires at least one of the following "
        "options:\n" +
            data_list);
  CHECK(
      error("--push", "nn_pull") ==
      "nn_pull: Option --push conflicts with the following options:\n    nn_pull (executable) \n");
  CHECK(error("", "nn_pull") ==
        "nn_pull: At least one of the following required:\n" + addresses_list);
}

TEST_CASE("one type only") {
  CHECK(error("--pull -l 1 --sub") ==
        "nanocat: Option --sub conflicts with the following options:\n    --pull \n");
  CHECK(error("--pull --pull") ==
        "nanocat: Option --pull conflicts with the following options:\n    --pull \n");
}

TEST_CASE("who begins requires data, PULL and SUB refuse it, the others may have it") {
  for (const std::string type : {"--push", "--pub", "--req", "--surveyor", "--req0"}) {
    CHECK(error(type + " -l 1") == "nanocat: Option " + type +
                                       " requires at least one of the following options:\n" +
                                       data_list);
  }
  const std::string writable =
      "nanocat: Option -D (--data) requires at least one of the following options:\n" +
      writable_list;
  CHECK(error("--pull -l 1 -D x") == writable);
  CHECK(error("--sub -l 1 -D x") == writable);
  for (const std::string type : {"--rep", "--respondent", "--bus", "--pair", "--pair1"}) {
    CHECK_FALSE(options(type + " -l 1").has_data());
    CHECK(options(type + " -l 1 -D x").has_data());
  }
}

// --- Addresses
// ------------------------------------------------------------------------------------

TEST_CASE("addresses in all their spellings") {
  const Options o = options(
      "--pull --bind tcp://*:1 -L 2 -X /tmp/a --bind-local 3 --bind-ipc=b --listen inproc://c "
      "--connect tcp://h:4 -l 5 -x /tmp/d --connect-local 6 --connect-ipc e --dial ipc://f");
  CHECK(o.binds == Words{"tcp://*:1", "tcp://127.0.0.1:2", "ipc:///tmp/a", "tcp://127.0.0.1:3",
                         "ipc://b", "inproc://c"});
  CHECK(o.connects == Words{"tcp://h:4", "tcp://127.0.0.1:5", "ipc:///tmp/d", "tcp://127.0.0.1:6",
                            "ipc://e", "ipc://f"});
}

TEST_CASE("a type and an address are required, and asked for together") {
  CHECK(error("") ==
        "nanocat: At least one of the following required:\n" + types_list + addresses_list);
  CHECK(error("-l 1") == "nanocat: At least one of the following required:\n" + types_list);
  CHECK(error("--pull") == "nanocat: At least one of the following required:\n" + addresses_list);
}

// --- Other options
// --------------------------------------------------------------------------------

TEST_CASE("the defaults are nanocat's") {
  const Options o = options("--sub -l 1");
  CHECK(o.recv_timeout == std::nullopt);
  CHECK(o.send_timeout == std::nullopt);
  CHECK(o.interval == std::nullopt);
  CHECK(o.delay == 0s);
  CHECK(o.linger == 1s);
  CHECK(o.format == Format::no);
  CHECK(o.subscriptions == Words{""});
  CHECK(o.count == 0);
  CHECK(o.recv_max_size == 1048576);
  CHECK(o.hop_limit == 8);
  CHECK(o.verbosity == 0);
  CHECK_FALSE(o.by_line);
  CHECK_FALSE(o.expect_message);
}

TEST_CASE("verbose and silent count") {
  CHECK(options("--pull -l 1 -vvv -q").verbosity == 2);
  CHECK(options("--pull -l 1 --verbose --silent --silent").verbosity == -1);
}

TEST_CASE("seconds have fractions, everywhere") {
  const Options o = options(
      "--pair -l 1 -D x --recv-timeout 0.5 --send-timeout=1.25 -i.125 --delay 1e-3 --linger 2.5");
  CHECK(o.recv_timeout == 500ms);
  CHECK(o.send_timeout == 1250ms);
  CHECK(o.interval == 125ms);
  CHECK(o.delay == 1ms);
  CHECK(o.linger == 2500ms);
  CHECK(options("--pair -l 1 -D x -i 0").interval == 0s);
  CHECK(options("--pull -l 1 --recv-timeout 0").recv_timeout == 0s);
}

TEST_CASE("negative and infinite timeouts are none, and long ones stay positive") {
  const Options o = options("--pair -l 1 -D x --recv-timeout -1 --send-timeout inf -i -0.5 -d -1");
  CHECK(o.recv_timeout == std::nullopt);
  CHECK(o.send_timeout == std::nullopt);
  CHECK(o.interval == std::nullopt);
  CHECK(o.delay == 0s);
  CHECK(options("--pull -l 1 --recv-timeout 1e300").recv_timeout == 1000000000s);
}

TEST_CASE("what is no number is refused") {
  CHECK(error("--recv-timeout x") ==
        "nanocat: Option --recv-timeout requires float point argument\n");
  CHECK(error("--recv-timeout=1x") ==
        "nanocat: Option --recv-timeout=1x requires float point argument\n");
  CHECK(error("-i 1x") == "nanocat: Option -i (--interval) requires float point argument\n");
  CHECK(error("-i1x") == "nanocat: Option -i (--interval) requires float point argument\n");
  CHECK(error("--delay nan") == "nanocat: Option --delay requires float point argument\n");
  CHECK(error("--send-timeout=") ==
        "nanocat: Option --send-timeout= requires float point argument\n");
  CHECK(error("--linger 1e") == "nanocat: Option --linger requires float point argument\n");
  CHECK(error("--count 1.5") == "nanocat: Option --count requires integer argument\n");
  CHECK(error("-C-1") == "nanocat: Option -C (--count) requires integer argument\n");
  CHECK(error("-Z x") == "nanocat: Option -Z (--recv-maxsz) requires integer argument\n");
  CHECK(error("--ttl x") == "nanocat: Option --ttl requires integer argument\n");
  CHECK(error("--ttl 0") == "nanocat: Option --ttl accepts 1 to 255\n");
  CHECK(error("--ttl=256") == "nanocat: Option --ttl=256 accepts 1 to 255\n");
  CHECK(error("-Z 2147483648") == "nanocat: Option -Z (--recv-maxsz) accepts at most 2147483647\n");
}

TEST_CASE("timeouts, formats, subscriptions and intervals belong to some types") {
  const std::string requires_one = " requires at least one of the following options:\n";
  CHECK(error("--push -D x -l 1 --recv-timeout 1") ==
        "nanocat: Option --recv-timeout" + requires_one + readable_list);
  CHECK(error("--push -D x -l 1 --raw") == "nanocat: Option --raw" + requires_one + readable_list);
  CHECK(error("--pub -D x -l 1 -A") ==
        "nanocat: Option -A (--ascii)" + requires_one + readable_list);
  CHECK(error("--pub -D x -l 1 --expect-message") ==
        "nanocat: Option --expect-message" + requires_one + readable_list);
  CHECK(error("--pull -l 1 --send-timeout 3") ==
        "nanocat: Option --send-timeout" + requires_one + writable_list);
  CHECK(error("--sub -l 1 --interval 3") ==
        "nanocat: Option --interval" + requires_one + writable_list);
  CHECK(error("--push -D x -l 1 --subscribe x") ==
        "nanocat: Option --subscribe" + requires_one + "    --sub\n");
  CHECK(error("--pair -l 1 --by-line") == "nanocat: Option --by-line" + requires_one + data_list);
  // In the order of the table, not of the line.
  CHECK(error("--push -D x -l 1 --raw --subscribe x") ==
        "nanocat: Option --subscribe" + requires_one + "    --sub\n");
}

TEST_CASE("subscriptions accumulate") {
  CHECK(options("--sub -l 1 --subscribe a --subscribe=b --subscribe=").subscriptions ==
        Words{"a", "b", ""});
}

TEST_CASE("every format has its names, and the last one counts") {
  CHECK(options("--pull -l 1 --raw").format == Format::raw);
  CHECK(options("--pull -l 1 --ascii").format == Format::ascii);
  CHECK(options("--pull -l 1 -A").format == Format::ascii);
  CHECK(options("--pull -l 1 --quoted").format == Format::quoted);
  CHECK(options("--pull -l 1 -Q").format == Format::quoted);
  CHECK(options("--pull -l 1 --msgpack").format == Format::msgpack);
  CHECK(options("--pull -l 1 --hex").format == Format::hex);
  CHECK(options("--pull -l 1 --format no").format == Format::no);
  CHECK(options("--pull -l 1 --format raw").format == Format::raw);
  CHECK(options("--pull -l 1 --format=ascii").format == Format::ascii);
  CHECK(options("--pull -l 1 --format quoted").format == Format::quoted);
  CHECK(options("--pull -l 1 --format msgpack").format == Format::msgpack);
  CHECK(options("--pull -l 1 --format hex").format == Format::hex);
  CHECK(options("--pull -l 1 --hex -A --raw -Q").format == Format::quoted);
}

TEST_CASE("an unknown format is refused with the list of those that are") {
  const std::string list =
      " . Options are:\n    no\n    raw\n    ascii\n    quoted\n    msgpack\n    hex\n";
  CHECK(error("--format xyz --pull") == "nanocat: Invalid value ``xyz'' for --format" + list);
  CHECK(error("--format=xyz") == "nanocat: Invalid value ``xyz'' for --format=xyz" + list);
  CHECK(error("--form xyz") == "nanocat: Invalid value ``xyz'' for --form[at]" + list);
}

TEST_CASE("data and file exclude each other and themselves") {
  CHECK(options("--push -l 1 --data x").data == "x");
  CHECK(options("--push -l 1 -Dx").data == "x");
  CHECK(options("--push -l 1 --file x").file == "x");
  CHECK(options("--push -l 1 -F -").file == "-");
  CHECK(nanocat::parse({"nanocat", "--push", "-l", "1", "-D", ""}).options.data == "");
  CHECK(error("-Dx -Fy") ==
        "nanocat: Option -F (--file) conflicts with the following options:\n    -D (--data) \n");
  CHECK(error("-D x -D y") ==
        "nanocat: Option -D (--data) conflicts with the following options:\n    -D (--data) \n");
  CHECK(error("--data=x --da=y") ==
        "nanocat: Option --da[ta] conflicts with the following options:\n    --da[ta] \n");
}

TEST_CASE("what nanocat does not have") {
  CHECK(options("--pull -l 1 --count 3").count == 3);
  CHECK(options("--pull -l 1 -C3").count == 3);
  CHECK(options("--pull -l 1 --recv-maxsz 5").recv_max_size == 5);
  CHECK(options("--pull -l 1 -Z 0").recv_max_size == spool::Message::max_size);
  CHECK(options("--rep -l 1 --ttl 255").hop_limit == 255);
  CHECK(options("--pull -l 1 --expect-message").expect_message);
  CHECK(options("--pair -l 1 -F - --by-line").by_line);
  CHECK(options("--pull -l 1 --async").connects == Words{"tcp://127.0.0.1:1"});
  CHECK(options("--pull -l 1 --socket-name x").socket_name == "x");
}

TEST_CASE("a device has a second socket, and no messages of its own") {
  const Options o = options("--push -L 1 --forward-bind a --forward-connect=b --forward-bind c");
  CHECK(o.type == SocketType::push);
  CHECK(o.forwards());
  CHECK(o.forward_binds == Words{"a", "c"});
  CHECK(o.forward_connects == Words{"b"});
  CHECK_FALSE(options("--pull -l 1").forwards());
  CHECK(error("--pull --forward-bind a") ==
        "nanocat: At least one of the following required:\n" + addresses_list);
  for (const std::string own :
       {"-D x", "-F x", "--by-line", "-i 1", "-C 1", "--raw", "--format raw", "-A", "--subscribe x",
        "--recv-timeout 1", "--send-timeout 1", "--expect-message"}) {
    CHECK(error("--sub -l 1 --forward-bind a " + own).find("conflicts") != std::string::npos);
    CHECK(error("--sub -l 1 " + own + " --forward-bind a").find("conflicts") != std::string::npos);
  }
}

TEST_CASE("help, version and completion end parsing") {
  CHECK(parse("--completion bash --zork").kind == Parsed::Kind::completion);
  CHECK(error("--completion=csh") ==
        "nanocat: Invalid value ``csh'' for --completion=csh . Options are:\n    bash\n");
  CHECK(parse("--help").kind == Parsed::Kind::help);
  CHECK(parse("-vh --zork").kind == Parsed::Kind::help);
  CHECK(parse("--zork --help").kind == Parsed::Kind::error);
  CHECK(parse("--version").kind == Parsed::Kind::version);
  CHECK(parse("-V").text == "nanocat (spool) " + std::to_string(spool::version_major) + "." +
                                std::to_string(spool::version_minor) + "." +
                                std::to_string(spool::version_patch) + "\n");
}

TEST_CASE("the help fits a terminal and says that nothing is printed without a format") {
  const std::string help = parse("-h", "nn_pull").text;
  CHECK(help.find("\n    nn_pull TYPE") != std::string::npos);
  CHECK(help.find("Without a format nothing is printed.") != std::string::npos);
  for (const char* option : {"--push ", "--bind-ipc,-X PATH ", "--by-line ", "--linger SEC "}) {
    CHECK(help.find(std::string("\n ") + option) != std::string::npos);
  }
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    CHECK(line.size() < 80);
    CHECK((line.empty() || line.back() != ' '));
  }
}

// --- Parsing rules
// --------------------------------------------------------------------------------

TEST_CASE("a unique prefix is the option") {
  CHECK(options("--pair --bind-l 1 --dat x --int=1 --quo").data == "x");
  CHECK(options("--surv -l 1 -D x").type == SocketType::surveyor);
  CHECK(options("--resp -l 1 -D x").type == SocketType::respondent);
  CHECK(options("--sub --connect-i a --subs x").subscriptions == Words{"x"});
}

TEST_CASE("an exact match beats longer names") {
  CHECK(options("--sub --connect tcp://a:1").subscriptions == Words{""});
  CHECK(options("--pair --bind tcp://a:1").type == SocketType::pair);
}

TEST_CASE("a prefix that was unique in nanocat still is") {
  CHECK(options("--pull -l 1 --rec 2").recv_timeout == 2s);   // and not --recv-maxsz
  CHECK(options("--pull -l 1 --ver").verbosity == 1);         // and not --version
  CHECK(options("--pull -l 1 --a").format == Format::ascii);  // and not --async
}

TEST_CASE("an ambiguous prefix is refused with the candidates") {
  CHECK(error("--pu -l 5") == "nanocat: Ambiguous option ``--pu'':\n    push\n    pull\n    pub\n");
  CHECK(error("--re") ==
        "nanocat: Ambiguous option ``--re'':\n    req\n    rep\n    respondent\n"
        "    recv-timeout\n    recv-maxsz\n");
  CHECK(error("--bind-=1") ==
        "nanocat: Ambiguous option ``--bind-=1'':\n    bind-ipc\n    bind-local\n");
}

TEST_CASE("unknown options are refused") {
  CHECK(error("-z") == "nanocat: Unknown option ``-z''\n");
  CHECK(error("-vz") == "nanocat: Unknown option ``-z''\n");
  CHECK(error("--zork") == "nanocat: Unknown option ``--zork''\n");
  CHECK(error("--zork=x") == "nanocat: Unknown option ``--zork=x''\n");
  CHECK(error("--=") == "nanocat: Unknown option ``--=''\n");
}

TEST_CASE("a missing argument and one too many are refused") {
  CHECK(error("--format") == "nanocat: Option --format requires an argument\n");
  CHECK(error("-l") == "nanocat: Option -l (--connect-local) requires an argument\n");
  CHECK(error("--verbose=3") == "nanocat: Option --verbose=3 does not accept argument\n");
  CHECK(error("--raw=") == "nanocat: Option --raw= does not accept argument\n");
}

TEST_CASE("short options cluster, and the last one takes the rest") {
  const Options o = options("--pull -vvQL5555 -vl 6");
  CHECK(o.verbosity == 3);
  CHECK(o.format == Format::quoted);
  CHECK(o.binds == Words{"tcp://127.0.0.1:5555"});
  CHECK(o.connects == Words{"tcp://127.0.0.1:6"});
}

TEST_CASE("an argument that looks like an option is an argument where one is due") {
  CHECK(options("--push -l 1 -D --pull").data == "--pull");
  CHECK(options("--push -l 1 -D --").data == "--");
}

TEST_CASE("other arguments are refused, and a double dash ends the options") {
  CHECK(error("x") == "nanocat: Unexpected argument ``x''\n");
  CHECK(error("-") == "nanocat: Unexpected argument ``-''\n");
  CHECK(options("--pull -l 1 --").type == SocketType::pull);
  CHECK(error("--pull -l 1 -- --raw") == "nanocat: Unexpected argument ``--raw''\n");
  CHECK(nanocat::parse({"nanocat", ""}).text == "nanocat: Unexpected argument ``''\n");
}

TEST_CASE("the name of the program stands before what it says") {
  CHECK(error("-z", "/usr/bin/nanocat") == "/usr/bin/nanocat: Unknown option ``-z''\n");
}
