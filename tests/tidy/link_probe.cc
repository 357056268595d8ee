// Links the library as a user's program does; symbols_test looks at what the result needs.
#include <spool/spool.h>

int main() { return 0; }
