#include "tools/nanocat/format.h"

#include <cstdint>

namespace nanocat {

namespace {

// The C locale's isprint, whatever locale is set.
bool is_printable(char c) { return c >= ' ' && c <= '~'; }

void append_hex(std::string& out, char c) {
  constexpr char digits[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out += "\\x";
  out += digits[byte >> 4];
  out += digits[byte & 15];
}

void append_ascii(std::string& out, std::string_view message) {
  for (const char c : message) out += is_printable(c) ? c : '.';
  out += '\n';
}

void append_quoted(std::string& out, std::string_view message) {
  out += '"';
  for (const char c : message) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\\' || c == '"') {
      out += '\\';
      out += c;
    } else if (is_printable(c)) {
      out += c;
    } else {
      append_hex(out, c);
    }
  }
  out += "\"\n";
}

void append_all_hex(std::string& out, std::string_view message) {
  out += '"';
  for (const char c : message) append_hex(out, c);
  out += "\"\n";
}

// bin8, bin16 or bin32, the shortest that holds it.
void append_msgpack(std::string& out, std::string_view message) {
  const auto size = static_cast<std::uint32_t>(message.size());
  int bytes = 1;
  if (size >= 256) bytes = size < 65536 ? 2 : 4;
  out += static_cast<char>(bytes == 1 ? 0xc4 : bytes == 2 ? 0xc5 : 0xc6);
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>((size >> shift) & 0xff);
  }
  out += message;
}

}  // namespace

void append_message(std::string& out, Format format, std::string_view message) {
  switch (format) {
    case Format::no:
      return;
    case Format::raw:
      out += message;
      return;
    case Format::ascii:
      return append_ascii(out, message);
    case Format::quoted:
      return append_quoted(out, message);
    case Format::msgpack:
      return append_msgpack(out, message);
    case Format::hex:
      return append_all_hex(out, message);
  }
}

}  // namespace nanocat
