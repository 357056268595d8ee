// Runs a fuzz target over the files that are named, and over changed and cut copies of them: what
// a fuzzer found once stays found, with any compiler.
//
//   replay [--mutations=N] FILE...
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/support/sim_random.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

// Exactly as large as its content, so that a sanitizer sees a read behind its end.
void run(const Bytes& bytes) {
  const Bytes exact(bytes.begin(), bytes.end());
  static_cast<void>(LLVMFuzzerTestOneInput(exact.data(), exact.size()));
}

void mutate(Bytes& bytes, spool::sim::Random& random) {
  for (std::size_t changes = random.between(1, 4); changes != 0; --changes) {
    const std::size_t at = random.below(bytes.size() + 1);
    switch (random.below(5)) {
      case 0:
        bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                     static_cast<std::uint8_t>(random.next()));
        break;
      case 1:
        bytes.resize(at);
        break;
      case 2:
        if (at < bytes.size()) bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at));
        break;
      case 3:
        if (at < bytes.size())
          bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ (1u << random.below(8)));
        break;
      case 4: {
        const Bytes copy(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end());
        if (bytes.size() < 10'000) bytes.insert(bytes.end(), copy.begin(), copy.end());
        break;
      }
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t mutations = 200;
  int files = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name.rfind("--mutations=", 0) == 0) {
      mutations = std::strtoull(name.c_str() + 12, nullptr, 10);
      continue;
    }
    std::ifstream file(name, std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "cannot read %s\n", name.c_str());
      return 1;
    }
    const Bytes seed((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    ++files;
    // A crash ends the program: the last line that was written says where.
    std::fprintf(stderr, "%s (%zu bytes)\n", name.c_str(), seed.size());
    run(seed);
    for (std::uint64_t n = 1; n <= mutations; ++n) {
      spool::sim::Random random(n * 1000 + static_cast<std::uint64_t>(files));
      Bytes bytes = seed;
      mutate(bytes, random);
      if (n % 50 == 1)
        std::fprintf(stderr, "  from mutation %llu\n", static_cast<unsigned long long>(n));
      run(bytes);
    }
  }
  std::fprintf(stderr, "%d files\n", files);
  return files == 0 ? 1 : 0;
}
