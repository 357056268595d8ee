// The arena: the rules' numbers, and the two messages that server, clients and spectator exchange.
// examples/game_window plays the same game on a larger field, with more players.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

namespace arena {

inline constexpr std::size_t players_max = 80;
inline constexpr std::size_t shots_max = 224;
inline constexpr std::uint8_t full_health = 5;
inline constexpr float top_speed = 17;   // of a player, units per second
inline constexpr float shot_speed = 42;  // units per second
inline constexpr float body_radius = 1.4f;

struct Point {
  float x = 0;
  float y = 0;
};

struct Wall {
  int left, top, right, bottom;  // the last two are the first outside
};

// Where it takes place, in units.
struct Field {
  int width, height;
  std::span<const Wall> walls;
  std::span<const Point> homes;  // where players begin, and come back
  float reach;                   // how far off bots shoot
};
// For players_max players.
[[nodiscard]] const Field& large_field() noexcept;
// The terminal's, which draws one pixel for each unit, for as many players as it has colours.
inline constexpr int width = 80;
inline constexpr int height = 40;
inline constexpr std::size_t colors_max = 8;
[[nodiscard]] const Field& small_field() noexcept;

// Is there a wall, or the edge of the field, within `radius` of the point?
[[nodiscard]] bool blocked(const Field& field, Point at, float radius) noexcept;
// Can a shot fly from one point to the other?
[[nodiscard]] bool in_sight(const Field& field, Point from, Point to) noexcept;

[[nodiscard]] std::string_view name_of(std::size_t player) noexcept;

// The bytes of a value, as they lie in memory: all processes are the same program on the same
// machine. (Across machines one would write the fields one by one.)
template <typename T>
[[nodiscard]] std::string_view text_of(const T& value) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// --- Server to everybody, by PUB: the whole world, once per frame ------------------------------

inline constexpr std::string_view topic = "world";

struct Player {
  Point at;
  float aim = 0;  // radians
  std::uint16_t kills = 0;
  std::uint16_t deaths = 0;
  std::uint8_t health = full_health;  // 0: waits to come back
};

struct Shot {
  Point at;
  std::uint16_t owner = 0;
  std::uint16_t number = 0;  // stays the same from snapshot to snapshot
};

// Only as many players and shots as there are go over the wire, one behind the other.
struct Snapshot {
  char prefix[topic.size()] = {'w', 'o', 'r', 'l', 'd'};
  std::uint8_t over = 0;  // 1: this was the last one
  std::uint8_t player_count = 0;
  std::uint8_t shot_count = 0;
  std::uint32_t sequence = 0;  // from 1, without gaps
  std::uint32_t inputs = 0;    // received by the server so far
  std::uint32_t step = 0;      // of the world
  std::uint32_t run = 0;       // which server this is: another one begins anew
  std::uint32_t missed = 0;    // snapshots that had no room on their way to somebody, in all
  std::int64_t sent = 0;       // when, in nanoseconds of the steady clock
  Player players[players_max];
  Shot shots[shots_max];
};

[[nodiscard]] std::size_t encoded_size(const Snapshot& snapshot) noexcept;
// Fills `out`, which is that large.
void encode(const Snapshot& snapshot, std::span<std::byte> out) noexcept;
[[nodiscard]] std::optional<Snapshot> decode_snapshot(std::span<const std::byte> body) noexcept;

// --- Client to server, by PUSH: what a player wants, once per frame ----------------------------

enum class InputKind : std::uint8_t { hello, play, bye };

struct Input {
  InputKind kind = InputKind::play;
  std::uint8_t player = 0;
  std::uint8_t fire = 0;
  std::uint32_t sequence = 0;  // of the `play` inputs, from 1; bye repeats the last one
  Point move;                  // a direction, at most 1 long
  float aim = 0;               // radians
};

[[nodiscard]] std::optional<Input> decode_input(std::span<const std::byte> body) noexcept;

}  // namespace arena
