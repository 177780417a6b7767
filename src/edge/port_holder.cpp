#include "edge/port_holder.h"

#include <filesystem>
#include <fstream>
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

bool HoldsSocket(const fs::path& process, const std::string& wanted) {
  std::error_code error;
  for (fs::directory_iterator entry(process / "fd", error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code link_error;
    if (fs::read_symlink(entry->path(), link_error) == wanted) {
      return true;
    }
  }
  return false;
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
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string id = entry->path().filename();
    if (id.find_first_not_of("0123456789") == std::string::npos &&
        HoldsSocket(entry->path(), "socket:[" + *inode + "]")) {
      std::string name;
      std::ifstream comm(entry->path() / "comm");
      std::getline(comm, name);
      return "'" + oauth::Printable(name) + "' (process " + id + ")";
    }
  }
  return {};
}

}  // namespace grokauth::edge
