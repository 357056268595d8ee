// Errors in the words that nanomsg's nanocat has for them.
#pragma once

#include <spool/spool.h>

#include <string>
#include <string_view>

namespace nanocat {

// What strerror says about the errno that nanomsg reports in this case.
[[nodiscard]] std::string words_of(spool::Error error);

// "Can't bind: Address already in use (why)\n"; `what` is "Can't bind". No brackets without a why.
[[nodiscard]] std::string socket_error(std::string_view what, spool::Error error,
                                       std::string_view why = {});

// "Error opening file ``PATH'': No such file or directory\n"; `what` is "Error opening file".
[[nodiscard]] std::string file_error(std::string_view what, std::string_view path, int os_error);

}  // namespace nanocat
