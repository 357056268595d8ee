#!/bin/sh
# What a pattern does not have does not compile: a Pub has no try_recv, a Pull no try_send.
set -u
compiler=${CXX:-c++}
# The tree itself, which is where the WORKSPACE of the runfiles points to.
root=$(dirname "$(realpath WORKSPACE)")
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT

# Headers are included as "spool/io/...", and those of the facade as <spool/...>: the same tree here.
mkdir -p "$work/include/spool"
for folder in core io loop protocols; do ln -s "$root/$folder" "$work/include/spool/$folder"; done
ln -s "$root"/facade/*.h "$work/include/spool/"

compile() { # $1: file; $2...: options. What the compiler says is in $work/errors.
    file=$1 && shift
    "$compiler" -std=c++20 -fsyntax-only -I"$work/include" "$@" "$file" 2>"$work/errors"
}

# One call per line. Right ones: all compile.
cat >"$work/right.cc" <<'CODE'
#include <spool/spool.h>
#include <utility>
using namespace spool;
void use(Pub& pub, Sub& sub, Push& push, Pull& pull, Pair& pair, Message& message) {
  static_cast<void>(pub.try_send("x")), static_cast<void>(pub.send_for(message, Timeout::none()));
  static_cast<void>(push.try_send("x")), static_cast<void>(push.can_send());
  static_cast<void>(sub.subscribe("x")), static_cast<void>(sub.try_recv());
  static_cast<void>(pull.try_recv()), static_cast<void>(pull.recv_for(Timeout::none()));
  static_cast<void>(pair.try_send("x")), static_cast<void>(pair.try_recv());
  Pull moved(std::move(pull));
}
CODE
# Wrong ones: each line gives an error that mentions what stands behind it.
cat >"$work/wrong.cc" <<'CODE'
#include <spool/spool.h>
using namespace spool;
void use(Pub& pub, Sub& sub, Push& push, Pull& pull, Pair& pair, Message& message) {
  static_cast<void>(pub.try_recv());                           // try_recv
  static_cast<void>(pub.recv_for(Timeout::none()));            // recv_for
  static_cast<void>(pub.subscribe("x"));                       // subscribe
  static_cast<void>(push.try_recv());                          // try_recv
  static_cast<void>(pull.try_send("x"));                       // try_send
  static_cast<void>(pull.send_for(message, Timeout::none()));  // send_for
  static_cast<void>(pull.unsubscribe("x"));                    // unsubscribe
  static_cast<void>(sub.try_send("x"));                        // try_send
  static_cast<void>(pair.subscribe("x"));                      // subscribe
  Pull copy(pull);                                             // Pull
  Message second(message);                                     // Message
  Pair nobody;                                                 // Pair
  push.try_send("x");                                          // unused
}
CODE

failed=0
if ! compile "$work/right.cc" -Werror; then
    echo "right calls do not compile:" && cat "$work/errors" && failed=1
fi
compile "$work/wrong.cc" -Werror=unused-result
number=0
while IFS= read -r line; do
    number=$((number + 1))
    case $line in *"// "*) ;; *) continue ;; esac
    if ! grep "wrong.cc:$number:.*error:" "$work/errors" | grep -q "${line##*// }"; then
        echo "this should not compile, and the error should mention '${line##*// }': ${line%%;*}" && failed=1
    fi
done <"$work/wrong.cc"
[ $failed -eq 0 ] && echo "all checks passed"
[ $failed -eq 0 ] || cat "$work/errors"
exit $failed
