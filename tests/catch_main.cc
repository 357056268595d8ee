// Catch2's main function, compiled once and linked into every test: it alone takes some nine
// seconds.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
