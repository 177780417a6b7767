#include "edge/holders.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>
#include <system_error>

#include "oauth/encoding.h"

namespace grokauth::edge {

namespace {

namespace fs = std::filesystem;

constexpr const char* kListening = "0A";  // TCP_LISTEN, see proc(5)

/// Whether a listener at this address, as the kernel writes it, has the port of 127.0.0.1: at that
/// address or at all of them, mapped into IPv6 or not.
bool CoversLoopback(const std::string& address) {
  return address == "0100007F" || address == "0000000000000000FFFF00000100007F" ||
         address.find_first_not_of('0') == std::string::npos;
}

/// The inode of the listening socket, from one of the kernel's tables.
std::optional<std::string> FindInode(const char* table, std::uint16_t port) {
  std::ifstream file(table);
  std::string line;
  std::getline(file, line);  // the heading
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string number;
    std::string local;
    std::string remote;
    std::string state;
    std::string skipped;
    std::string inode;
    fields >> number >> local >> remote >> state;
    for (int i = 0; i < 5; ++i) {
      fields >> skipped;
    }
    fields >> inode;
    const std::size_t colon = local.rfind(':');
    if (state == kListening && colon != std::string::npos &&
        CoversLoopback(local.substr(0, colon)) &&
        std::stoul(local.substr(colon + 1), nullptr, 16) == port) {
      return inode;
    }
  }
  return std::nullopt;
}

/// The first entry of a folder of /proc that is `wanted`; nothing when none is, or when the folder
/// is another user's.
std::optional<fs::path> FindEntry(const fs::path& folder,
                                  const std::function<bool(const fs::path&)>& wanted) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (wanted(entry->path())) {
      return entry->path();
    }
  }
  return std::nullopt;
}

/// The process one of whose open descriptors (/proc/<pid>/fd/<number>) is `wanted`.
std::optional<fs::path> FindProcess(const std::function<bool(const fs::path&)>& wanted) {
  return FindEntry("/proc", [&](const fs::path& process) {
    return process.filename().string().find_first_not_of("0123456789") == std::string::npos &&
           FindEntry(process / "fd", wanted);
  });
}

}  // namespace

std::string FindPortHolder(std::uint16_t port) {
  std::optional<std::string> inode = FindInode("/proc/net/tcp", port);
  if (!inode) {
    inode = FindInode("/proc/net/tcp6", port);
  }
  if (!inode) {
    return {};
  }
  const std::string wanted = "socket:[" + *inode + "]";
  const std::optional<fs::path> process = FindProcess([&](const fs::path& descriptor) {
    std::error_code error;
    return fs::read_symlink(descriptor, error) == wanted;
  });
  if (!process) {
    return {};
  }
  const std::string pid = process->filename().string();
  return "'" + oauth::Printable(ProcessName(std::stoi(pid))) + "' (process " + pid + ")";
}

std::string ProcessName(int pid) {
  std::string name;
  std::ifstream comm("/proc/" + std::to_string(pid) + "/comm");
  std::getline(comm, name);
  return name;
}

bool IsStoppedProgram(int pid) {
  const std::string process = "/proc/" + std::to_string(pid);
  std::string program;
  std::ifstream command(process + "/cmdline");
  std::getline(command, program, '\0');
  std::string line;
  std::ifstream stat(process + "/stat");
  std::getline(stat, line);
  // proc(5): the state follows the name, which is in parentheses and may hold some itself.
  const std::size_t name_end = line.rfind(") ");
  const char state = name_end == std::string::npos ? ' ' : line[name_end + 2];
  return program.find("grok-auth") != std::string::npos && (state == 'T' || state == 't');
}

}  // namespace grokauth::edge
