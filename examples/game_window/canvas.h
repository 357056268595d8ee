// Canvas: a window to draw into: SDL's, by SDL_Renderer alone, so that it works without a GPU too.
#pragma once

#include <SDL.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace game {

struct Color {
  Uint8 r = 0, g = 0, b = 0;
};

struct Pixel {
  float x = 0, y = 0;
};

// Owns the window and its textures. Alphas go from 0 to 1.
class Canvas {
 public:
  // Leaves the program, with a message, when there is no window to be had.
  Canvas(const char* title, int width, int height);
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;
  ~Canvas();

  [[nodiscard]] float width() const noexcept { return static_cast<float>(width_); }
  [[nodiscard]] float height() const noexcept { return static_cast<float>(height_); }

  // What lies below everything: begin_ground, drawing, end_ground; once.
  void begin_ground();
  void end_ground();

  // A frame: begin, drawing, show.
  void begin();
  void show();

  void fill(float x, float y, float width, float height, Color color, float alpha = 1);
  void line(Pixel from, Pixel to, Color color, float alpha = 1);
  void disc(Pixel at, float radius, Color color, float alpha = 1);
  void ring(Pixel at, float radius, Color color, float alpha = 1);
  // Light, which adds to what is there.
  void glow(Pixel at, float radius, Color color, float alpha);
  // A tail that gets thinner and darker, from its first point to the last.
  void tail(std::span<const Pixel> points, float thickness, Color color, float alpha);
  // Draws all tails since the last call: one call of SDL's for all.
  void draw_tails();

  void text(float x, float y, int scale, Color color, std::string_view text, float alpha = 1);
  [[nodiscard]] static float text_width(int scale, std::string_view text) noexcept;

  // What was drawn since begin(), as a PNG. False, with a message, when it cannot.
  [[nodiscard]] bool save(const std::string& path);

 private:
  void sprite(SDL_Texture* texture, Pixel at, float radius, Color color, float alpha);
  [[nodiscard]] SDL_Texture* make_sprite(float (*coverage)(float distance));
  [[nodiscard]] SDL_Texture* make_font();

  int width_;
  int height_;
  SDL_Window* window_ = nullptr;
  SDL_Renderer* renderer_ = nullptr;
  SDL_Texture* ground_ = nullptr;
  SDL_Texture* disc_ = nullptr;
  SDL_Texture* ring_ = nullptr;
  SDL_Texture* glow_ = nullptr;
  SDL_Texture* font_ = nullptr;
  std::vector<SDL_Vertex> vertices_;  // of the tails
  std::vector<int> indices_;
};

}  // namespace game
