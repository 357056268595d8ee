// What shells need to complete nanocat's options: made from the option table.
#pragma once

#include <string>

namespace nanocat {

// A script for bash to source.
[[nodiscard]] std::string bash_completion();

}  // namespace nanocat
