#include "examples/arena/arena.h"

#include <array>
#include <cmath>
#include <cstring>

namespace arena {

namespace {

constexpr std::array<Wall, 7> small_walls{{
    {37, 16, 43, 24},  // the middle
    {14, 8, 17, 16},
    {14, 24, 17, 32},
    {63, 8, 66, 16},
    {63, 24, 66, 32},
    {30, 6, 50, 8},
    {30, 32, 50, 34},
}};

constexpr std::array<Point, colors_max> small_homes{
    {{6, 6}, {74, 34}, {74, 6}, {6, 34}, {40, 12}, {40, 28}, {24, 20}, {56, 20}}};

constexpr Field small{width, height, small_walls, small_homes, 34};

// Between the rows and columns of homes.
constexpr std::array<Wall, 12> large_walls{{
    {76, 32, 84, 56},  // the middle
    {64, 21, 96, 23},  // above it
    {64, 65, 96, 67},  // below it
    {31, 11, 33, 33},  // left
    {31, 55, 33, 77},
    {127, 11, 129, 33},  // right
    {127, 55, 129, 77},
    {47, 43, 65, 45},
    {95, 43, 113, 45},
    {15, 37, 17, 51},  // the sides
    {143, 37, 145, 51},
    {79, 76, 81, 88},  // a gate
}};

constexpr int columns = 10;
constexpr std::array<Point, players_max> large_homes = [] {
  std::array<Point, players_max> homes{};
  for (std::size_t i = 0; i < players_max; ++i)
    homes[i] = {8 + 16 * static_cast<float>(i % columns),
                5.5f + 11 * static_cast<float>(i / columns)};
  return homes;
}();

constexpr Field large{16 * columns, 11 * static_cast<int>(players_max) / columns, large_walls,
                      large_homes, 15};

constexpr std::array<std::string_view, colors_max> names{"red",  "blue", "green", "gold",
                                                         "pink", "cyan", "lime",  "rust"};

}  // namespace

const Field& small_field() noexcept { return small; }
const Field& large_field() noexcept { return large; }

std::string_view name_of(std::size_t player) noexcept { return names[player % colors_max]; }

bool blocked(const Field& field, Point at, float radius) noexcept {
  if (at.x < radius || at.y < radius || at.x > static_cast<float>(field.width) - radius ||
      at.y > static_cast<float>(field.height) - radius)
    return true;
  for (const Wall& wall : field.walls) {
    if (at.x + radius > static_cast<float>(wall.left) &&
        at.x - radius < static_cast<float>(wall.right) &&
        at.y + radius > static_cast<float>(wall.top) &&
        at.y - radius < static_cast<float>(wall.bottom))
      return true;
  }
  return false;
}

bool in_sight(const Field& field, Point from, Point to) noexcept {
  const float length = std::hypot(to.x - from.x, to.y - from.y);
  for (float way = 1; way < length; way += 1) {
    const float part = way / length;
    if (blocked(field, {from.x + part * (to.x - from.x), from.y + part * (to.y - from.y)}, 0))
      return false;
  }
  return true;
}

namespace {

constexpr std::size_t head_size = offsetof(Snapshot, players);

}  // namespace

std::size_t encoded_size(const Snapshot& snapshot) noexcept {
  return head_size + snapshot.player_count * sizeof(Player) + snapshot.shot_count * sizeof(Shot);
}

void encode(const Snapshot& snapshot, std::span<std::byte> out) noexcept {
  const std::size_t players = snapshot.player_count * sizeof(Player);
  std::memcpy(out.data(), &snapshot, head_size + players);
  std::memcpy(out.data() + head_size + players, snapshot.shots, snapshot.shot_count * sizeof(Shot));
}

std::optional<Snapshot> decode_snapshot(std::span<const std::byte> body) noexcept {
  Snapshot snapshot;
  if (body.size() < head_size) return std::nullopt;
  std::memcpy(static_cast<void*>(&snapshot), body.data(), head_size);
  if (snapshot.player_count > players_max || snapshot.shot_count > shots_max ||
      body.size() != encoded_size(snapshot))
    return std::nullopt;
  const std::size_t players = snapshot.player_count * sizeof(Player);
  std::memcpy(snapshot.players, body.data() + head_size, players);
  std::memcpy(snapshot.shots, body.data() + head_size + players,
              snapshot.shot_count * sizeof(Shot));
  return snapshot;
}

std::optional<Input> decode_input(std::span<const std::byte> body) noexcept {
  Input input;
  if (body.size() != sizeof input) return std::nullopt;
  std::memcpy(&input, body.data(), sizeof input);
  if (input.player >= players_max || input.kind > InputKind::bye) return std::nullopt;
  return input;
}

}  // namespace arena
