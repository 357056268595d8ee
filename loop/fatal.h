// set_fatal_hook: the host's last word when a bug stops the process.
#pragma once

namespace spool {

// Called with the reason ("spool: FILE:LINE: CONDITION"), on the thread that found the bug, in the
// middle of whatever it was doing: write it to a log or a crash report, call nothing of spool. When
// it returns, the process aborts.
using FatalHook = void (*)(const char* reason) noexcept;

// Sets the hook of the process, as std::set_terminate does, and returns the former one; null: none.
// Any thread. The only thing that loops share: a bug stops all of them.
FatalHook set_fatal_hook(FatalHook hook) noexcept;

}  // namespace spool
