#include "examples/arena/picture.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace arena {

namespace {

constexpr std::array<Color, colors_max> colors{{{255, 84, 72},
                                                {72, 140, 255},
                                                {64, 214, 110},
                                                {255, 196, 40},
                                                {255, 104, 200},
                                                {60, 216, 230},
                                                {180, 240, 64},
                                                {226, 130, 56}}};
constexpr Color white{244, 244, 250};
constexpr Color dim{120, 124, 140};
constexpr Color wall_top{120, 126, 150};
constexpr Color wall_side{78, 82, 104};

// Colours in steps: a glow that fades changes the screen less often, and nobody sees it.
std::uint8_t step(float value) noexcept {
  return static_cast<std::uint8_t>(static_cast<int>(std::clamp(value, 0.0f, 255.0f)) & 0xf8);
}

Color scaled(Color c, float by) noexcept {
  return {step(static_cast<float>(c.r) * by), step(static_cast<float>(c.g) * by),
          step(static_cast<float>(c.b) * by)};
}

std::size_t index_of(int x, int y) noexcept { return static_cast<std::size_t>(y * width + x); }

}  // namespace

Picture::Picture() noexcept {
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const float off = std::hypot(static_cast<float>(x - width / 2) / width,
                                   static_cast<float>(y - height / 2) / height);
      const float light = 30 - 22 * off + (x % 8 == 0 || y % 8 == 0 ? 8.0f : 0.0f);
      ground_[index_of(x, y)] = {step(light * 0.5f), step(light * 0.6f), step(light * 1.3f)};
    }
  }
  for (const Wall& wall : small_field().walls)
    for (int y = wall.top; y < wall.bottom; ++y)
      for (int x = wall.left; x < wall.right; ++x)
        ground_[index_of(x, y)] = y == wall.top ? wall_top : wall_side;
}

float Picture::random() noexcept {
  random_ = random_ * 1664525u + 1013904223u;
  return static_cast<float>(random_ >> 8) / static_cast<float>(1u << 24);
}

void Picture::shine(float x, float y, Color color, float strength) noexcept {
  const int column = static_cast<int>(std::floor(x));
  const int row = static_cast<int>(std::floor(y));
  if (column < 0 || row < 0 || column >= width || row >= height) return;
  Light& light = glow_[index_of(column, row)];
  light.r += strength * static_cast<float>(color.r);
  light.g += strength * static_cast<float>(color.g);
  light.b += strength * static_cast<float>(color.b);
}

void Picture::burst(Point at, Color color, int count, float speed, float life) noexcept {
  for (int i = 0; i < count; ++i) {
    Spark& spark = sparks_[next_spark_++ % sparks_max];
    const float angle = 6.2831853f * random();
    const float pace = speed * (0.3f + 0.7f * random());
    spark.at = at;
    spark.speed = {pace * std::cos(angle), pace * std::sin(angle)};
    spark.color = i % 4 == 0 ? white : color;
    spark.left = spark.whole = life * (0.5f + 0.5f * random());
  }
}

void Picture::follow(const Snapshot& next) noexcept {
  for (std::size_t i = 0; i < next.player_count && now_.sequence != 0; ++i) {
    const Player& before = now_.players[i];
    const Player& after = next.players[i];
    if (after.deaths != before.deaths)
      burst(before.at, colors[i], 70, 0.55f, 34);
    else if (after.health > before.health)
      burst(after.at, colors[i], 24, 0.3f, 18);
    else if (after.health < before.health)
      burst(after.at, white, 8, 0.35f, 10);
  }
  now_ = next;
  for (std::size_t i = 0; i < now_.player_count; ++i) {
    if (now_.players[i].health != 0)
      shine(now_.players[i].at.x, now_.players[i].at.y, colors[i], 0.14f);
  }
  for (std::size_t i = 0; i < now_.shot_count; ++i)
    shine(now_.shots[i].at.x, now_.shots[i].at.y, colors[now_.shots[i].owner % colors_max], 0.45f);
}

void Picture::move_sparks() noexcept {
  for (Spark& spark : sparks_) {
    if (spark.left <= 0) continue;
    spark.left -= 1;
    spark.at.x += spark.speed.x;
    spark.at.y += spark.speed.y;
    spark.speed.x *= 0.95f;
    spark.speed.y *= 0.95f;
    shine(spark.at.x, spark.at.y, spark.color, 0.5f * spark.left / spark.whole);
  }
}

void Picture::draw_field(Screen& screen) noexcept {
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      Light& light = glow_[index_of(x, y)];
      const Color ground = ground_[index_of(x, y)];
      screen.pixel(x, y,
                   {step(ground.r + light.r), step(ground.g + light.g), step(ground.b + light.b)});
      light.r *= 0.84f;
      light.g *= 0.84f;
      light.b *= 0.84f;
    }
  }
}

void Picture::draw_player(Screen& screen, std::size_t player) noexcept {
  const Player& p = now_.players[player];
  if (p.health == 0) return;
  const int x = static_cast<int>(std::floor(p.at.x));
  const int y = static_cast<int>(std::floor(p.at.y));
  const Color color = colors[player];
  for (int dy = -1; dy <= 1; ++dy)
    for (int dx = -1; dx <= 1; ++dx)
      screen.pixel(x + dx, y + dy, scaled(color, dx != 0 && dy != 0 ? 0.45f : 0.85f));
  screen.pixel(x, y, white);
  screen.pixel(static_cast<int>(std::floor(p.at.x + 2.2f * std::cos(p.aim))),
               static_cast<int>(std::floor(p.at.y + 2.2f * std::sin(p.aim))), color);
}

void Picture::draw_score(Screen& screen) noexcept {
  for (std::size_t i = 0; i < now_.player_count; ++i) {
    const Player& p = now_.players[i];
    const int column = 1 + 20 * static_cast<int>(i % 4);
    const int row = 22 + static_cast<int>(i / 4);
    screen.text(column, row, colors[i], "■");
    screen.text(column + 2, row, white, name_of(i));
    for (int h = 0; h < full_health; ++h)
      screen.text(column + 8 + h, row, h < p.health ? colors[i] : Color{52, 54, 66}, "▬");
    char kills[8];
    std::snprintf(kills, sizeof kills, "%3u", static_cast<unsigned>(p.kills % 1000));
    screen.text(column + 14, row, white, kills);
  }
}

void Picture::draw_winner(Screen& screen) noexcept {
  std::size_t best = 0;
  bool tie = false;
  for (std::size_t i = 1; i < now_.player_count; ++i) {
    const int ahead = now_.players[i].kills - now_.players[best].kills;
    if (ahead >= 0) tie = ahead == 0;
    if (ahead > 0) best = i;
  }
  char line[48];
  const int size =
      tie ? std::snprintf(line, sizeof line, "  time is up: a tie  ")
          : std::snprintf(line, sizeof line, "  time is up: %.*s wins  ",
                          static_cast<int>(name_of(best).size()), name_of(best).data());
  screen.text((Screen::columns - size) / 2, 11, tie ? white : colors[best], line);
}

void Picture::draw_texts(Screen& screen, const Vitals& vitals) noexcept {
  for (const int row : {0, 21, 22, 23}) screen.clear_row(row);
  char line[96];
  screen.text(1, 0, white, "spool arena");
  std::snprintf(line, sizeof line, "%3u snapshots/s  %4u inputs/s  poll_once %5.1f us  tick %5u",
                vitals.snapshots, vitals.inputs, vitals.poll_microseconds, now_.sequence);
  screen.text(18, 0, dim, line);
  std::snprintf(line, sizeof line,
                "%d processes, one thread each, %d frames a second; PUB/SUB and PUSH/PULL",
                vitals.processes, vitals.frames_per_second);
  screen.text(1, 21, dim, line);
  draw_score(screen);
}

void Picture::draw(Screen& screen, const Vitals& vitals) noexcept {
  move_sparks();
  draw_field(screen);
  for (std::size_t i = 0; i < now_.shot_count; ++i)
    screen.pixel(static_cast<int>(now_.shots[i].at.x), static_cast<int>(now_.shots[i].at.y), white);
  for (std::size_t i = 0; i < now_.player_count; ++i) draw_player(screen, i);
  draw_texts(screen, vitals);
  if (now_.over != 0) draw_winner(screen);
  screen.show();
}

}  // namespace arena
