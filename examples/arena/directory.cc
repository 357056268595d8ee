#include "examples/arena/directory.h"

#include <stdlib.h>

#include <filesystem>
#include <system_error>

#include "examples/arena/need.h"

namespace arena {

Directory::Directory(const std::string& name) : path_("/tmp/" + name + "-XXXXXX") {
  if (mkdtemp(path_.data()) == nullptr)
    give_up("making a directory in /tmp", spool::Error::system, "");
}

Directory::~Directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace arena
