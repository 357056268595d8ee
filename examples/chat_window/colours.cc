#include "examples/chat_window/colours.h"

#include <QFont>
#include <QPainter>
#include <QPixmap>
#include <QRect>
#include <cstdint>
#include <iterator>

namespace chat {

QColor colour_of(const QString& name) {
  static constexpr QRgb colours[] = {0xff1565c0, 0xffad1457, 0xff2e7d32, 0xffb34700,
                                     0xff6a1b9a, 0xff00707c, 0xff6d4c41, 0xff4e5b00};
  std::uint32_t hash = 2166136261u;  // FNV-1a
  for (const QChar letter : name) hash = (hash ^ letter.unicode()) * 16777619u;
  hash ^= hash >> 15;
  return QColor(colours[hash % std::size(colours)]);
}

QIcon picture_of(const QString& name, int size) {
  constexpr int scale = 3;  // for screens with small pixels
  QPixmap picture(size * scale, size * scale);
  picture.fill(Qt::transparent);
  QPainter painter(&picture);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  painter.setBrush(colour_of(name));
  painter.drawEllipse(picture.rect());
  QFont font;
  font.setPixelSize(size * scale / 2);
  font.setBold(true);
  painter.setFont(font);
  painter.setPen(Qt::white);
  painter.drawText(picture.rect(), Qt::AlignCenter, name.left(1).toUpper());
  painter.end();
  return QIcon(picture);
}

}  // namespace chat
