#include "examples/arena/arena.h"

#include <array>
#include <cmath>
#include <cstring>

namespace arena {

namespace {

constexpr std::array<Wall, 7> all_walls{{
    {37, 16, 43, 24},  // the middle
    {14, 8, 17, 16},
    {14, 24, 17, 32},
    {63, 8, 66, 16},
    {63, 24, 66, 32},
    {30, 6, 50, 8},
    {30, 32, 50, 34},
}};

constexpr std::array<std::string_view, players_max> names{"red",  "blue", "green", "gold",
                                                          "pink", "cyan", "lime",  "rust"};

}  // namespace

std::span<const Wall> walls() noexcept { return all_walls; }

std::string_view name_of(std::size_t player) noexcept { return names[player % players_max]; }

bool blocked(Point at, float radius) noexcept {
  if (at.x < radius || at.y < radius || at.x > width - radius || at.y > height - radius)
    return true;
  for (const Wall& wall : all_walls) {
    if (at.x + radius > static_cast<float>(wall.left) &&
        at.x - radius < static_cast<float>(wall.right) &&
        at.y + radius > static_cast<float>(wall.top) &&
        at.y - radius < static_cast<float>(wall.bottom))
      return true;
  }
  return false;
}

bool in_sight(Point from, Point to) noexcept {
  const float length = std::hypot(to.x - from.x, to.y - from.y);
  for (float way = 1; way < length; way += 1) {
    const float part = way / length;
    if (blocked({from.x + part * (to.x - from.x), from.y + part * (to.y - from.y)}, 0))
      return false;
  }
  return true;
}

std::string_view encode(const Snapshot& snapshot) noexcept {
  return text_of(snapshot).substr(0,
                                  offsetof(Snapshot, shots) + snapshot.shot_count * sizeof(Shot));
}

std::optional<Snapshot> decode_snapshot(std::span<const std::byte> body) noexcept {
  constexpr std::size_t head = offsetof(Snapshot, shots);
  Snapshot snapshot;
  if (body.size() < head || body.size() > sizeof snapshot) return std::nullopt;
  std::memcpy(&snapshot, body.data(), body.size());
  if (snapshot.player_count > players_max || snapshot.shot_count > shots_max ||
      body.size() != head + snapshot.shot_count * sizeof(Shot))
    return std::nullopt;
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
