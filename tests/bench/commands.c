#include "commands.h"

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { kMaxStrings = 4096 };

struct Command commands[kMaxCommands];
int command_count;

char* read_all(int descriptor, size_t* size) {
  struct stat info;
  if (fstat(descriptor, &info) != 0)
    err(2, "fstat");
  *size = (size_t)info.st_size;
  char* text = calloc(*size + 1, 1);
  if (text == NULL)
    err(2, "no memory");
  if (pread(descriptor, text, *size, 0) != info.st_size)
    err(2, "pread");
  return text;
}

/* The strings from *at up to an empty one, which *at is moved behind. */
static char** read_list(char** at, const char* end) {
  static char* strings[kMaxStrings];
  static int used;
  char** list = strings + used;
  while (*at < end && **at != '\0') {
    if (used + 2 > kMaxStrings)
      errx(2, "too many strings");
    strings[used++] = *at;
    *at += strlen(*at) + 1;
  }
  strings[used++] = NULL;
  ++*at;
  return list;
}

static const char* read_string(char** at) {
  const char* string = *at;
  *at += strlen(*at) + 1;
  return string;
}

void read_commands(const char* path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    err(2, "%s", path);
  size_t size = 0;
  char* at = read_all(file, &size);
  for (const char* end = at + size; at < end; ++command_count) {
    if (command_count == kMaxCommands)
      errx(2, "too many commands");
    struct Command* command = &commands[command_count];
    command->arguments = read_list(&at, end);
    command->environment = read_list(&at, end);
    command->before = read_list(&at, end);
    command->input = read_string(&at);
    command->expected = read_string(&at);
  }
  close(file);
}
