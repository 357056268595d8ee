// SPOOL_ASSERT: a bug in the library or in its use stops the process, in release builds too.
//
// Nothing is printed: a guest does not own the host's stderr. The reason is left in
// `spool_abort_reason`, where a debugger and a core dump find it, the host's hook hears it (fatal.h),
// and the process aborts.
#pragma once

namespace spool::loop {

[[noreturn]] void assert_failed(const char* reason) noexcept;

}  // namespace spool::loop

#define SPOOL_STRINGIFY_(x) #x
#define SPOOL_STRINGIFY(x) SPOOL_STRINGIFY_(x)

// Checks a condition that only a bug can break. Never use it on anything a peer or the kernel says.
#define SPOOL_ASSERT(condition)                          \
  (__builtin_expect(static_cast<bool>(condition), 1)     \
       ? static_cast<void>(0)                            \
       : ::spool::loop::assert_failed("spool: " __FILE__ \
                                      ":" SPOOL_STRINGIFY(__LINE__) ": " #condition))
