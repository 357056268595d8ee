// How a received message looks on standard output. Byte for byte what nanocat prints.
#pragma once

#include <string>
#include <string_view>

#include "tools/nanocat/options.h"

namespace nanocat {

// Appends the message in the format, with the newline that the format has.
void append_message(std::string& out, Format format, std::string_view message);

}  // namespace nanocat
