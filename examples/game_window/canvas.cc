#include "examples/game_window/canvas.h"

#include <png.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "examples/game_window/font.h"

namespace game {

namespace {

constexpr int sprite_size = 64;
constexpr int cell_columns = glyph_columns + 1;
constexpr int cell_rows = glyph_rows;

[[noreturn]] void give_up(const char* what) {
  std::fprintf(stderr, "game_window: %s: %s\n", what, SDL_GetError());
  std::exit(1);
}

template <typename T>
T* need(T* pointer, const char* what) {
  if (pointer == nullptr) give_up(what);
  return pointer;
}

Uint8 byte_of(float part) {
  return static_cast<Uint8>(std::lround(255 * std::clamp(part, 0.0f, 1.0f)));
}

}  // namespace

Canvas::Canvas(const char* title, int width, int height) : width_(width), height_(height) {
  SDL_SetHint(SDL_HINT_RENDER_SCALE_QUALITY, "linear");
  if (SDL_Init(SDL_INIT_VIDEO) != 0) give_up("cannot start SDL");
  window_ = need(SDL_CreateWindow(title, SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, width,
                                  height, SDL_WINDOW_RESIZABLE),
                 "no window");
  renderer_ = need(SDL_CreateRenderer(window_, -1, SDL_RENDERER_TARGETTEXTURE), "no renderer");
  SDL_RenderSetLogicalSize(renderer_, width, height);
  SDL_SetRenderDrawBlendMode(renderer_, SDL_BLENDMODE_BLEND);
  disc_ = make_sprite([](float d) { return (1 - d) * sprite_size / 4; });
  ring_ = make_sprite([](float d) { return (0.09f - std::abs(d - 0.88f)) * sprite_size / 4; });
  glow_ = make_sprite([](float d) {
    const float light = std::max(0.0f, 1 - d);
    return light * light * (0.6f + 0.4f * light);
  });
  SDL_SetTextureBlendMode(glow_, SDL_BLENDMODE_ADD);
  font_ = make_font();
}

Canvas::~Canvas() {
  SDL_DestroyRenderer(renderer_);  // and its textures
  SDL_DestroyWindow(window_);
  SDL_Quit();
}

// White, with an alpha that depends on the distance from the middle, which is 1 at the edge.
SDL_Texture* Canvas::make_sprite(float (*coverage)(float distance)) {
  std::vector<Uint32> pixels(sprite_size * sprite_size);
  constexpr float middle = (sprite_size - 1) / 2.0f;
  for (int y = 0; y < sprite_size; ++y) {
    for (int x = 0; x < sprite_size; ++x) {
      const float distance =
          std::hypot(static_cast<float>(x) - middle, static_cast<float>(y) - middle) / middle;
      pixels[static_cast<std::size_t>(y * sprite_size + x)] =
          0x00ffffffu | static_cast<Uint32>(byte_of(coverage(distance))) << 24;
    }
  }
  SDL_Texture* const texture =
      need(SDL_CreateTexture(renderer_, SDL_PIXELFORMAT_ARGB8888, SDL_TEXTUREACCESS_STATIC,
                             sprite_size, sprite_size),
           "no texture");
  SDL_UpdateTexture(texture, nullptr, pixels.data(), sprite_size * 4);
  SDL_SetTextureBlendMode(texture, SDL_BLENDMODE_BLEND);
  return texture;
}

SDL_Texture* Canvas::make_font() {
  constexpr int columns = glyph_count * cell_columns;
  std::vector<Uint32> pixels(columns * cell_rows, 0x00ffffffu);
  for (int glyph = 0; glyph < glyph_count; ++glyph)
    for (int column = 0; column < glyph_columns; ++column)
      for (int row = 0; row < glyph_rows; ++row)
        if ((glyphs[static_cast<std::size_t>(glyph)][static_cast<std::size_t>(column)] >> row &
             1) != 0)
          pixels[static_cast<std::size_t>(row * columns + glyph * cell_columns + column)] =
              0xffffffffu;
  SDL_Texture* const texture = need(SDL_CreateTexture(renderer_, SDL_PIXELFORMAT_ARGB8888,
                                                      SDL_TEXTUREACCESS_STATIC, columns, cell_rows),
                                    "no texture");
  SDL_UpdateTexture(texture, nullptr, pixels.data(), columns * 4);
  SDL_SetTextureBlendMode(texture, SDL_BLENDMODE_BLEND);
  SDL_SetTextureScaleMode(texture, SDL_ScaleModeNearest);
  return texture;
}

void Canvas::begin_ground() {
  ground_ = need(SDL_CreateTexture(renderer_, SDL_PIXELFORMAT_ARGB8888, SDL_TEXTUREACCESS_TARGET,
                                   width_, height_),
                 "no texture");
  SDL_SetTextureBlendMode(ground_, SDL_BLENDMODE_NONE);
  SDL_SetRenderTarget(renderer_, ground_);
}

void Canvas::end_ground() { SDL_SetRenderTarget(renderer_, nullptr); }

void Canvas::begin() {
  SDL_SetRenderDrawColor(renderer_, 0, 0, 0, 255);
  SDL_RenderClear(renderer_);
  SDL_RenderCopy(renderer_, ground_, nullptr, nullptr);
}

void Canvas::show() { SDL_RenderPresent(renderer_); }

void Canvas::fill(float x, float y, float width, float height, Color color, float alpha) {
  SDL_SetRenderDrawColor(renderer_, color.r, color.g, color.b, byte_of(alpha));
  const SDL_FRect area{x, y, width, height};
  SDL_RenderFillRectF(renderer_, &area);
}

void Canvas::line(Pixel from, Pixel to, Color color, float alpha) {
  SDL_SetRenderDrawColor(renderer_, color.r, color.g, color.b, byte_of(alpha));
  SDL_RenderDrawLineF(renderer_, from.x, from.y, to.x, to.y);
}

void Canvas::sprite(SDL_Texture* texture, Pixel at, float radius, Color color, float alpha) {
  SDL_SetTextureColorMod(texture, color.r, color.g, color.b);
  SDL_SetTextureAlphaMod(texture, byte_of(alpha));
  const SDL_FRect area{at.x - radius, at.y - radius, 2 * radius, 2 * radius};
  SDL_RenderCopyF(renderer_, texture, nullptr, &area);
}

void Canvas::disc(Pixel at, float radius, Color color, float alpha) {
  sprite(disc_, at, radius, color, alpha);
}

void Canvas::ring(Pixel at, float radius, Color color, float alpha) {
  sprite(ring_, at, radius, color, alpha);
}

void Canvas::glow(Pixel at, float radius, Color color, float alpha) {
  sprite(glow_, at, radius, color, alpha);
}

void Canvas::tail(std::span<const Pixel> points, float thickness, Color color, float alpha) {
  if (points.size() < 2) return;
  const int first = static_cast<int>(vertices_.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Pixel before = points[i == 0 ? 0 : i - 1];
    const Pixel after = points[std::min(i + 1, points.size() - 1)];
    const float length = std::max(0.01f, std::hypot(after.x - before.x, after.y - before.y));
    const float left = 1 - static_cast<float>(i) / static_cast<float>(points.size() - 1);
    const float half = 0.5f * thickness * left / length;
    const float dx = (before.y - after.y) * half;
    const float dy = (after.x - before.x) * half;
    const SDL_Color shade{color.r, color.g, color.b, byte_of(alpha * left * left)};
    vertices_.push_back({{points[i].x + dx, points[i].y + dy}, shade, {}});
    vertices_.push_back({{points[i].x - dx, points[i].y - dy}, shade, {}});
  }
  for (int i = first; i + 3 < static_cast<int>(vertices_.size()); i += 2)
    indices_.insert(indices_.end(), {i, i + 1, i + 2, i + 1, i + 2, i + 3});
}

void Canvas::draw_tails() {
  if (!indices_.empty())
    SDL_RenderGeometry(renderer_, nullptr, vertices_.data(), static_cast<int>(vertices_.size()),
                       indices_.data(), static_cast<int>(indices_.size()));
  vertices_.clear();
  indices_.clear();
}

float Canvas::text_width(int scale, std::string_view text) noexcept {
  return static_cast<float>(scale * (cell_columns * static_cast<int>(text.size()) - 1));
}

void Canvas::text(float x, float y, int scale, Color color, std::string_view text, float alpha) {
  SDL_SetTextureColorMod(font_, color.r, color.g, color.b);
  SDL_SetTextureAlphaMod(font_, byte_of(alpha));
  for (const char c : text) {
    const int glyph = c - first_glyph;
    if (glyph > 0 && glyph < glyph_count) {
      const SDL_Rect from{glyph * cell_columns, 0, glyph_columns, glyph_rows};
      const SDL_FRect to{std::round(x), std::round(y), static_cast<float>(glyph_columns * scale),
                         static_cast<float>(glyph_rows * scale)};
      SDL_RenderCopyF(renderer_, font_, &from, &to);
    }
    x += static_cast<float>(cell_columns * scale);
  }
}

bool Canvas::save(const std::string& path) {
  int width = 0;
  int height = 0;
  SDL_GetRendererOutputSize(renderer_, &width, &height);
  std::vector<Uint8> pixels(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
  if (SDL_RenderReadPixels(renderer_, nullptr, SDL_PIXELFORMAT_RGB24, pixels.data(), width * 3) !=
      0) {
    std::fprintf(stderr, "game_window: no screenshot: %s\n", SDL_GetError());
    return false;
  }
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_RGB;
  if (png_image_write_to_file(&image, path.c_str(), 0, pixels.data(), 0, nullptr) != 0) return true;
  std::fprintf(stderr, "game_window: no screenshot in '%s': %s\n", path.c_str(), image.message);
  return false;
}

}  // namespace game
