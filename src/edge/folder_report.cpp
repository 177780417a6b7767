#include "edge/folder_report.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

namespace grokauth::edge {

namespace {

namespace fs = std::filesystem;

/// The folder that is there: `path`, or the nearest one above it.
std::string ExistingPart(const std::string& path) {
  fs::path part(path);
  std::error_code error;
  while (!fs::exists(part, error) && part.has_relative_path()) {
    part = part.parent_path();
  }
  return part;
}

std::optional<std::uint64_t> FreeBytes(const std::string& path) {
  struct statvfs info {};
  // Some file systems in user space count nothing.
  if (statvfs(path.c_str(), &info) != 0 || info.f_blocks == 0) {
    return std::nullopt;
  }
  const bool has_inodes_left = info.f_files == 0 || info.f_favail > 0;
  return has_inodes_left ? std::uint64_t{info.f_bavail} * info.f_frsize : 0;
}

/// Whether the group or all others can get into the folder and read the file there.
bool IsReadableByOthers(mode_t folder, mode_t file) {
  return ((folder & S_IXGRP) != 0 && (file & S_IRGRP) != 0) ||
         ((folder & S_IXOTH) != 0 && (file & S_IROTH) != 0);
}

std::vector<std::string> FindReadableByOthers(const Descriptor& folder, const std::string& path) {
  struct stat folder_info {};
  std::vector<std::string> found;
  if (fstat(folder.Get(), &folder_info) != 0) {
    return found;
  }
  std::error_code error;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    struct stat info {};
    if (fstatat(folder.Get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(info.st_mode) && IsReadableByOthers(folder_info.st_mode, info.st_mode)) {
      found.push_back(entry->path().string());
    }
  }
  return found;
}

}  // namespace

app::FolderReport InspectFolder(const Descriptor& folder, const std::string& path) {
  app::FolderReport report;
  report.exists = folder.IsOpen();
  const std::string there = ExistingPart(path);
  report.is_writable = faccessat(AT_FDCWD, there.c_str(), W_OK | X_OK, AT_EACCESS) == 0;
  report.free_bytes = FreeBytes(there);
  if (report.exists) {
    report.readable_by_others = FindReadableByOthers(folder, path);
  }
  return report;
}

}  // namespace grokauth::edge
