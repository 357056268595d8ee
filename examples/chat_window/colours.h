// Colours: one of a name's own, and the round picture that goes with it.
#pragma once

#include <QColor>
#include <QIcon>
#include <QString>

namespace chat {

// Dark enough to be read on white, and always the same for a name.
[[nodiscard]] QColor colour_of(const QString& name);
// A disc with the first letter.
[[nodiscard]] QIcon picture_of(const QString& name, int size);

}  // namespace chat
