#include "spool/io/dns/message.h"

#include <algorithm>

namespace spool::io::dns {

namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t label_max = 63;
constexpr unsigned aliases_max = 8;  // followed, one behind the other

constexpr std::uint16_t class_internet = 1;
constexpr std::uint16_t type_alias = 5;

constexpr std::uint16_t flag_reply = 0x8000;
constexpr std::uint16_t flag_opcode = 0x7800;
constexpr std::uint16_t flag_truncated = 0x0200;
constexpr std::uint16_t flag_recurse = 0x0100;
constexpr std::uint16_t flag_rcode = 0x000f;
constexpr std::uint16_t rcode_no_such_name = 3;

std::uint8_t lower(std::uint8_t c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<std::uint8_t>(c + 32) : c;
}

// As on the wire, not compressed, in lower case: so names compare byte by byte.
struct Name {
  std::array<std::uint8_t, name_max> bytes{};
  std::size_t size = 0;

  // False when there is no room.
  [[nodiscard]] bool add_label(Bytes label) noexcept {
    if (size + 1 + label.size() > bytes.size()) return false;
    bytes[size++] = static_cast<std::uint8_t>(label.size());
    for (const std::uint8_t c : label) bytes[size++] = lower(c);
    return true;
  }
  [[nodiscard]] bool operator==(const Name& other) const noexcept {
    return size == other.size &&
           std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size),
                      other.bytes.begin());
  }
};

bool to_wire(std::string_view text, Name& name) noexcept {
  for (;;) {
    const std::size_t dot = std::min(text.find('.'), text.size());
    if (dot == 0 || dot > label_max) return false;
    if (!name.add_label({reinterpret_cast<const std::uint8_t*>(text.data()), dot})) return false;
    if (dot == text.size()) return name.add_label({});
    text.remove_prefix(dot + 1);
  }
}

// Reads a message from its front. After a failure everything fails.
class Reader {
 public:
  Reader(Bytes message, std::size_t at) noexcept : message_(message), at_(at) {}

  [[nodiscard]] bool failed() const noexcept { return failed_; }

  std::uint16_t u16() noexcept {
    const Bytes two = take(2);
    return failed_ ? std::uint16_t{0} : static_cast<std::uint16_t>(two[0] << 8 | two[1]);
  }

  Bytes take(std::size_t size) noexcept {
    if (failed_ || message_.size() - at_ < size) {
      failed_ = true;
      return {};
    }
    at_ += size;
    return message_.subspan(at_ - size, size);
  }

  // A pointer leads to what stands before the part that it ends, so the way is never a circle.
  void name(Name& name) noexcept {
    std::size_t from = at_;  // of the part that is being read
    std::size_t at = at_;
    bool jumped = false;
    name.size = 0;
    while (!failed_) {
      if (at >= message_.size()) break;
      const std::uint8_t length = message_[at];
      if (length <= label_max) {
        if (message_.size() - at < 1u + length) break;
        if (!name.add_label(message_.subspan(at + 1, length))) break;
        at += 1u + length;
        if (length != 0) continue;
        if (!jumped) at_ = at;
        return;
      }
      if (length < 0xc0 || message_.size() - at < 2) break;
      const std::size_t target = static_cast<std::size_t>(length & 0x3f) << 8 | message_[at + 1];
      if (target >= from) break;
      if (!jumped) at_ = at + 2;
      jumped = true;
      from = at = target;
    }
    failed_ = true;
  }
  // For the insides of a record.
  [[nodiscard]] std::size_t position() const noexcept { return at_; }

 private:
  Bytes message_;
  std::size_t at_;
  bool failed_ = false;
};

struct Header {
  std::uint16_t id = 0;
  std::uint16_t flags = 0;
  std::uint16_t questions = 0;
  std::uint16_t answers = 0;
};

Header read_header(Reader& reader) noexcept {
  Header header;
  header.id = reader.u16();
  header.flags = reader.u16();
  header.questions = reader.u16();
  header.answers = reader.u16();
  static_cast<void>(reader.take(4));  // authority and additional: not read
  return header;
}

IpAddress address_of(Bytes data) noexcept {
  IpAddress address;
  address.family = data.size() == 4 ? IpFamily::ip4 : IpFamily::ip6;
  std::copy(data.begin(), data.end(), address.bytes.begin());
  return address;
}

// Goes through the answers once: the addresses of `name`, and what it is an alias of, if anything.
// False when they end in the middle.
bool scan(Bytes message, Reader reader, unsigned answers, RecordType type, const Name& name,
          AddressList& found, Name& alias) noexcept {
  const std::size_t size = type == RecordType::ip4 ? 4 : 16;
  alias.size = 0;
  Name owner;
  for (unsigned i = 0; i < answers; ++i) {
    reader.name(owner);
    const std::uint16_t record_type = reader.u16();
    const std::uint16_t record_class = reader.u16();
    static_cast<void>(reader.take(4));  // how long it may be kept: it is not
    const std::uint16_t length = reader.u16();
    const std::size_t start = reader.position();
    const Bytes data = reader.take(length);
    if (reader.failed()) return false;
    if (record_class != class_internet || !(owner == name)) continue;
    if (record_type == static_cast<std::uint16_t>(type)) {
      if (data.size() == size) found.add(address_of(data));
    } else if (record_type == type_alias) {
      Reader inside(message, start);
      inside.name(alias);
      if (inside.failed() || inside.position() != start + length) alias.size = 0;
    }
  }
  return true;
}

}  // namespace

std::size_t write_query(const Question& question, std::span<std::uint8_t, query_max> out) noexcept {
  Name name;
  if (!to_wire(question.name, name)) return 0;
  std::size_t size = 0;
  const auto put = [&](std::uint16_t value) {
    out[size++] = static_cast<std::uint8_t>(value >> 8);
    out[size++] = static_cast<std::uint8_t>(value & 0xff);
  };
  put(question.id);
  put(flag_recurse);
  put(1);  // questions
  put(0);
  put(0);
  put(0);
  for (std::size_t i = 0; i < name.size; ++i) out[size++] = name.bytes[i];
  put(static_cast<std::uint16_t>(question.type));
  put(class_internet);
  return size;
}

Verdict read_reply(Bytes message, const Question& question, AddressList& found) noexcept {
  found.clear();
  Reader reader(message, 0);
  const Header header = read_header(reader);
  Name asked;
  Name name;
  reader.name(asked);
  const std::uint16_t type = reader.u16();
  const std::uint16_t question_class = reader.u16();
  if (reader.failed() || header.id != question.id || (header.flags & flag_reply) == 0 ||
      (header.flags & flag_opcode) != 0 || header.questions != 1 || !to_wire(question.name, name) ||
      !(asked == name) || type != static_cast<std::uint16_t>(question.type) ||
      question_class != class_internet)
    return Verdict::not_ours;
  const std::uint16_t rcode = header.flags & flag_rcode;
  if (rcode == rcode_no_such_name) return Verdict::none;
  if (rcode != 0) return Verdict::failed;
  const bool truncated = (header.flags & flag_truncated) != 0;
  for (unsigned i = 0; i <= aliases_max; ++i) {
    Name alias;
    const bool whole = scan(message, reader, header.answers, question.type, name, found, alias);
    if (!whole && !truncated) {
      found.clear();
      return Verdict::failed;
    }
    if (!found.empty()) return Verdict::found;
    if (alias.size == 0) return truncated ? Verdict::failed : Verdict::none;
    name = alias;
  }
  return Verdict::failed;  // a chain without an end
}

}  // namespace spool::io::dns
