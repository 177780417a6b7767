/* What measure.c runs. */
#include <stddef.h>

enum { kMaxCommands = 64 };

struct Command {
  char** arguments;
  char** environment;
  char** before;
  const char* input;
  const char* expected;
  int has_complained;
};

extern struct Command commands[kMaxCommands];
extern int command_count;

/* Fills `commands` from a file of strings that end with a NUL. For each command: its arguments and
 * an empty string, its environment and an empty string, the arguments of a command that is run
 * before it and not measured and an empty string, the file that is its standard input, what must be
 * in its standard output. Ends the program when it cannot. */
void read_commands(const char* path);

/* The contents of an open file with a NUL behind them; to be freed. Ends the program when it
 * cannot. */
char* read_all(int descriptor, size_t* size);
