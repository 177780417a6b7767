/* Runs commands and says how long each run took, how much memory it used, and whether it did what
 * it should.
 *
 *     measure FILE COUNT ROUNDS
 *
 * lets COUNT runs of a command go at one moment, ROUNDS times for each command, the commands taking
 * turns in a new order in every round. FILE is for read_commands.
 *
 * Prints a line per command and round: the command's number, nanoseconds of CLOCK_MONOTONIC until
 * the last of the runs, and of the processes that they left behind, was over, how many runs failed,
 * and the most kilobytes that one of these processes had in memory. All runs of a round have failed
 * when not everything ends within kRoundSeconds; the rest is killed then. What the first run that
 * fails of a command wrote to standard error goes to standard error here.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"

enum { kMaxRuns = 512 };
enum {
  kRunSeconds = 60,
  kRoundSeconds = 100
}; /* a refresh worker of grok-auth waits 65 s for its answer */

struct Run {
  pid_t pid;
  int status;
  int output; /* files in memory: nobody has to read while the run goes on */
  int errors;
};

static struct Run runs[kMaxRuns];
static volatile sig_atomic_t is_late; /* the round has taken kRoundSeconds */

static int file_in_memory(void) {
  int file = memfd_create("measure", MFD_CLOEXEC);
  if (file < 0)
    err(2, "memfd_create");
  return file;
}

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void become(char** arguments, char** environment) {
  alarm(kRunSeconds);
  execve(arguments[0], arguments, environment);
  err(127, "%s", arguments[0]);
}

/* A run that waits until `gate`, a pipe, is closed on its other side; it does not wait when that is
 * NULL. */
static void start(const struct Command* command, struct Run* run, const int* gate) {
  int input = open(command->input, O_RDONLY | O_CLOEXEC);
  if (input < 0)
    err(2, "%s", command->input);
  run->pid = fork();
  if (run->pid < 0)
    err(2, "fork");
  if (run->pid == 0) {
    char byte;
    dup2(input, STDIN_FILENO);
    dup2(run->output, STDOUT_FILENO);
    dup2(run->errors, STDERR_FILENO);
    if (gate != NULL && (close(gate[1]) != 0 || read(gate[0], &byte, 1) != 0))
      err(2, "gate");
    become(command->arguments, command->environment);
  }
  close(input);
}

static void run_before(char** arguments, char** environment) {
  int status = 0;
  pid_t pid = fork();
  if (pid == 0)
    become(arguments, environment);
  if (waitpid(pid, &status, 0) != pid || status != 0)
    errx(2, "%s failed", arguments[0]);
}

static void on_alarm(int signal) {
  (void)signal;
  is_late = 1;
  alarm(1); /* this one may have come when nobody waited */
}

/* All that is left of a round are children of this process, or become that. */
static void kill_children(void) {
  FILE* children = fopen("/proc/thread-self/children", "re");
  if (children == NULL)
    err(2, "/proc/thread-self/children");
  int pid;
  while (fscanf(children, "%d", &pid) == 1)
    kill(pid, SIGKILL);
  fclose(children);
}

/* Waits for the runs and for what they left behind. Returns the most kilobytes that one of them had
 * in memory. */
static long await(int count) {
  struct rusage usage = {0};
  int status = 0;
  long kilobytes = 0;
  pid_t pid;
  is_late = 0;
  alarm(kRoundSeconds);
  while ((pid = wait4(-1, &status, 0, &usage)) > 0 || errno == EINTR) {
    if (is_late)
      kill_children();
    for (int i = 0; i < count; ++i) {
      if (runs[i].pid == pid)
        runs[i].status = status;
    }
    if (usage.ru_maxrss > kilobytes)
      kilobytes = usage.ru_maxrss;
  }
  alarm(0);
  return kilobytes;
}

/* Whether the run failed; then the first to do so tells why. */
static int has_failed(struct Command* command, const struct Run* run) {
  size_t size = 0;
  char* output = read_all(run->output, &size);
  int failed = is_late || run->status != 0 || strstr(output, command->expected) == NULL;
  free(output);
  if (failed && !command->has_complained) {
    command->has_complained = 1;
    char* errors = read_all(run->errors, &size);
    fprintf(stderr, "%s: wait status %#x%s, standard error: %s\n", command->arguments[0],
            (unsigned)run->status, is_late ? ", something did not end" : "", errors);
    free(errors);
  }
  return failed;
}

static void measure(struct Command* command, int count) {
  int gate[2];
  int failed = 0;
  for (int i = 0; i < count; ++i) {
    runs[i].output = file_in_memory();
    runs[i].errors = file_in_memory();
  }
  if (command->before[0] != NULL)
    run_before(command->before, command->environment);
  long long started = now();
  if (count == 1) {
    start(command, &runs[0], NULL);
  } else {
    if (pipe2(gate, O_CLOEXEC) != 0)
      err(2, "pipe2");
    for (int i = 0; i < count; ++i)
      start(command, &runs[i], gate);
    close(gate[0]);
    started = now();
    close(gate[1]);
  }
  long kilobytes = await(count);
  long long ended = now();
  for (int i = 0; i < count; ++i) {
    failed += has_failed(command, &runs[i]);
    close(runs[i].output);
    close(runs[i].errors);
  }
  printf("%d %lld %d %ld\n", (int)(command - commands), ended - started, failed, kilobytes);
}

int main(int argc, char** argv) {
  int order[kMaxCommands];
  if (argc != 4)
    errx(2, "usage: measure FILE COUNT ROUNDS");
  read_commands(argv[1]);
  int count = atoi(argv[2]);
  int rounds = atoi(argv[3]);
  if (count < 1 || count > kMaxRuns || rounds < 1)
    errx(2, "COUNT must be from 1 to %d, ROUNDS at least 1", kMaxRuns);
  sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL); /* it ends a wait4 */
  prctl(PR_SET_CHILD_SUBREAPER, 1); /* what a run leaves behind is this process's child */
  srand(1);
  for (int i = 0; i < command_count; ++i)
    order[i] = i;
  for (int round = 0; round < rounds; ++round) {
    for (int i = command_count - 1; i > 0; --i) {
      int other = rand() % (i + 1);
      int index = order[i];
      order[i] = order[other];
      order[other] = index;
    }
    for (int i = 0; i < command_count; ++i)
      measure(&commands[order[i]], count);
  }
  return 0;
}
