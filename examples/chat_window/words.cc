#include "examples/chat_window/words.h"

#include <charconv>
#include <system_error>

namespace chat {
namespace {

// Takes the text up to the next tab away from `rest`.
std::string_view take_field(std::string_view& rest) {
  const std::size_t end = rest.find('\t');
  const std::string_view field = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return field;
}

bool is_inside_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

std::string joined(std::string_view kind, std::string_view rest) {
  std::string message(kind);
  message += '\t';
  message += rest;
  return message;
}

}  // namespace

std::string clean(std::string_view text, std::size_t size_max) {
  std::string result(text);
  for (char& byte : result) {
    const auto value = static_cast<unsigned char>(byte);
    if (value < 0x20 || value == 0x7f) byte = ' ';
  }
  result.erase(0, result.find_first_not_of(' '));
  if (result.size() > size_max) {
    std::size_t end = size_max;
    while (end > 0 && is_inside_character(result[end])) --end;
    result.resize(end);
  }
  result.erase(result.find_last_not_of(' ') + 1);
  return result;
}

std::optional<Words> parse(std::string_view message) {
  Words words;
  const std::string_view kind = take_field(message);
  if (kind == "hello") {
    words.kind = Kind::hello;
    words.name = clean(message, name_max);
    if (words.name.empty()) return std::nullopt;
  } else if (kind == "say") {
    words.kind = Kind::say;
    words.text = clean(message, text_max);
    if (words.text.empty()) return std::nullopt;
  } else if (kind == "line") {
    words.kind = Kind::line;
    const std::string_view number = take_field(message);
    const char* const end = number.data() + number.size();
    const auto [stop, error] = std::from_chars(number.data(), end, words.number);
    if (error != std::errc() || stop != end) return std::nullopt;
    words.name = clean(take_field(message), name_max);
    words.text = clean(message, text_max);
  } else if (kind == "here") {
    words.kind = Kind::here;
    while (!message.empty()) words.names.push_back(clean(take_field(message), name_max));
  } else {
    return std::nullopt;
  }
  return words;
}

std::string hello(std::string_view name) { return joined("hello", clean(name, name_max)); }

std::string say(std::string_view text) { return joined("say", clean(text, text_max)); }

std::string line(std::uint64_t number, std::string_view name, std::string_view text) {
  return joined("line", joined(std::to_string(number), joined(name, text)));
}

std::string here(const std::vector<std::string>& names) {
  std::string message = "here";
  for (const std::string& name : names) message = joined(message, name);
  return message;
}

}  // namespace chat
