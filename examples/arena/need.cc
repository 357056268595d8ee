#include "examples/arena/need.h"

#include <errno.h>

#include <cstdio>
#include <cstdlib>

namespace arena {

void give_up(const char* what, spool::Error error, std::string_view why) {
  std::fprintf(stderr, "%s: %s failed: %s%s%.*s\n", program_invocation_short_name, what,
               to_string(error), why.empty() ? "" : ": ", static_cast<int>(why.size()), why.data());
  std::exit(1);
}

}  // namespace arena
