#include "edge/file_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <utility>

#include "app/error.h"
#include "edge/folder_report.h"
#include "edge/holders.h"
#include "oauth/encoding.h"

namespace grokauth::edge {

namespace {

constexpr mode_t kPrivateFile = 0600;
constexpr mode_t kPrivateFolder = 0700;
constexpr mode_t kWritableByOthers = 0022;
constexpr mode_t kOpenToOthers = 0077;
constexpr std::size_t kLargestFile = std::size_t{1024} * 1024;
constexpr const char* kTemporarySuffix = ".tmp";
constexpr const char* kLockSuffix = ".lock";
// A reservation lives as long as one refresh; what is older than ten minutes was left by a killed
// worker. One that was suspended still has the refresh lock, so nobody else reserves meanwhile.
constexpr std::time_t kForgottenAfterSeconds = 600;

/// A path as a message shows it.
std::string Shown(const std::string& path) {
  return "'" + oauth::Printable(path, PATH_MAX) + "'";
}

[[noreturn]] void Fail(const std::string& what, const std::string& path, int error) {
  std::string hint = "check the owner and the permissions of that path";
  if (error == ENOSPC || error == EDQUOT) {
    hint = "make room on the disk; nothing that is stored was changed";
  } else if (error == EROFS) {
    hint = "set XDG_STATE_HOME to a folder that can be written";
  } else if (error == ELOOP) {
    hint = "a symbolic link stands where a file of grok-auth belongs: remove it";
  }
  throw app::Error(app::ErrorKind::kStore, what + " " + Shown(path) + ": " + std::strerror(error),
                   hint);
}

/// Refuses what somebody else could have written. What others may read is closed to them, unless
/// nothing may be changed.
void RequirePrivate(int descriptor, mode_t type, const std::string& path, FolderUse use) {
  struct stat info {};
  if (fstat(descriptor, &info) != 0) {
    Fail("cannot look at", path, errno);
  }
  if ((info.st_mode & S_IFMT) != type) {
    throw app::Error(app::ErrorKind::kStore, Shown(path) + " is not what grok-auth keeps there",
                     "move it away");
  }
  if (info.st_uid != geteuid()) {
    throw app::Error(app::ErrorKind::kStore, Shown(path) + " belongs to another user",
                     "run grok-auth as its owner, or set XDG_STATE_HOME to a folder of your own");
  }
  if ((info.st_mode & kWritableByOthers) != 0) {
    throw app::Error(
        app::ErrorKind::kStore, Shown(path) + " can be written by other users",
        "look at what it holds, then take the permission away: chmod go-rwx '" + path + "'");
  }
  if ((info.st_mode & kOpenToOthers) != 0 && use == FolderUse::kChange) {
    // Best effort: on a read-only file system there is nothing to change.
    static_cast<void>(fchmod(descriptor, info.st_mode & ~kOpenToOthers & 07777));
  }
}

std::string RandomName(const std::string& name) {
  std::array<unsigned char, 9> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw app::Error(app::ErrorKind::kStore, "the system has no random numbers to give");
  }
  const std::string text(bytes.begin(), bytes.end());
  return name + "." + oauth::Base64UrlEncode(text) + kTemporarySuffix;
}

void WriteAll(int descriptor, const std::string& contents, const std::string& path) {
  std::size_t written = 0;
  while (written < contents.size()) {
    const ssize_t count = pwrite(descriptor, contents.data() + written, contents.size() - written,
                                 static_cast<off_t>(written));
    if (count < 0 && errno != EINTR) {
      Fail("cannot write", path, errno);
    }
    written += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
  }
}

/// A file beside the one it is to replace, removed unless it takes its place.
class TemporaryFile final : public app::Reservation {
 public:
  TemporaryFile(int folder, std::string name, std::string path)
      : folder_(folder),
        name_(std::move(name)),
        temporary_(RandomName(name_)),
        path_(std::move(path)),
        file_(openat(folder_, temporary_.c_str(),
                     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kPrivateFile)) {
    if (!file_.IsOpen()) {
      Fail("cannot write", path_, errno);
    }
  }
  ~TemporaryFile() override {
    if (!committed_) {
      unlinkat(folder_, temporary_.c_str(), 0);
    }
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void Allocate(std::size_t bytes) {
    const int error = posix_fallocate(file_.Get(), 0, static_cast<off_t>(bytes));
    if (error != 0) {
      Fail("cannot reserve space for", path_, error);
    }
  }

  void Commit(const std::string& contents) override {
    WriteAll(file_.Get(), contents, path_);
    if (ftruncate(file_.Get(), static_cast<off_t>(contents.size())) != 0 ||
        fsync(file_.Get()) != 0) {
      Fail("cannot write", path_, errno);
    }
    TakePlace();
    fsync(folder_);
  }

  /// As `Commit`, but left to the system to bring to the disk.
  void CommitUnsynced(const std::string& contents) {
    WriteAll(file_.Get(), contents, path_);
    // Some file systems of a network say only now that there is no room.
    if (close(file_.Release()) != 0) {
      Fail("cannot write", path_, errno);
    }
    TakePlace();
  }

 private:
  void TakePlace() {
    if (renameat(folder_, temporary_.c_str(), folder_, name_.c_str()) != 0) {
      Fail("cannot write", path_, errno);
    }
    committed_ = true;
  }

  int folder_;
  std::string name_;
  std::string temporary_;
  std::string path_;
  Descriptor file_;
  bool committed_ = false;
};

class FileLock final : public app::Lock {
 public:
  explicit FileLock(edge::Descriptor file) : file_(std::move(file)) {}
  [[nodiscard]] int Descriptor() const override { return file_.Get(); }

 private:
  edge::Descriptor file_;
};

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};

/// The names in the folder.
std::vector<std::string> NamesIn(int folder, const std::string& path) {
  const int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, CloseFolder> stream(copy < 0 ? nullptr : fdopendir(copy));
  if (!stream) {
    Fail("cannot list", path, errno);
  }
  std::vector<std::string> names;
  while (const dirent* entry = readdir(stream.get())) {
    names.emplace_back(entry->d_name);
  }
  std::erase_if(names, [](const std::string& name) { return name == "." || name == ".."; });
  return names;
}

}  // namespace

FileStateFolder::FileStateFolder(std::string path, FolderUse use)
    : path_(std::move(path)), use_(use) {}

std::string FileStateFolder::Path(const std::string& name) const {
  return path_ + "/" + name;
}

const Descriptor& FileStateFolder::Open() {
  if (!folder_.IsOpen()) {
    Descriptor folder(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder.IsOpen() && errno != ENOENT) {
      Fail("cannot open the state folder", path_, errno == ENOTDIR ? ELOOP : errno);
    }
    if (folder.IsOpen()) {
      RequirePrivate(folder.Get(), S_IFDIR, path_, use_);
      folder_ = std::move(folder);
    }
  }
  return folder_;
}

const Descriptor& FileStateFolder::Create() {
  if (!Open().IsOpen()) {
    // XDG Base Directory Specification: what is missing is created with mode 0700.
    for (std::size_t end = path_.find('/', 1); end != std::string::npos;
         end = path_.find('/', end + 1)) {
      mkdir(path_.substr(0, end).c_str(), kPrivateFolder);  // what cannot be made shows below
    }
    if (mkdir(path_.c_str(), kPrivateFolder) != 0 && errno != EEXIST) {
      Fail("cannot create the state folder", path_, errno);
    }
    if (!Open().IsOpen()) {
      Fail("cannot open the state folder", path_, ENOENT);
    }
  }
  return folder_;
}

std::optional<std::string> FileStateFolder::Read(const std::string& name) {
  if (!Open().IsOpen()) {
    return std::nullopt;
  }
  // O_NONBLOCK: a fifo in its place must not stop us.
  const Descriptor file(
      openat(folder_.Get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.IsOpen()) {
    if (errno == ENOENT) {
      return std::nullopt;
    }
    Fail("cannot read", Path(name), errno);
  }
  RequirePrivate(file.Get(), S_IFREG, Path(name), use_);
  std::string contents;
  std::array<char, 8192> buffer{};
  while (true) {
    const ssize_t count = read(file.Get(), buffer.data(), buffer.size());
    if (count < 0) {
      Fail("cannot read", Path(name), errno);
    }
    if (count == 0) {
      return contents;
    }
    contents.append(buffer.data(), static_cast<std::size_t>(count));
    if (contents.size() > kLargestFile) {
      Fail("cannot read", Path(name), EFBIG);
    }
  }
}

void FileStateFolder::Replace(const std::string& name, const std::string& contents) {
  TemporaryFile(Create().Get(), name, Path(name)).Commit(contents);
}

void FileStateFolder::ReplaceUnsynced(const std::string& name, const std::string& contents) {
  TemporaryFile(Create().Get(), name, Path(name)).CommitUnsynced(contents);
}

std::unique_ptr<app::Reservation> FileStateFolder::Reserve(const std::string& name,
                                                           std::size_t bytes) {
  const int folder = Create().Get();
  RemoveForgottenReservations(name);
  auto file = std::make_unique<TemporaryFile>(folder, name, Path(name));
  file->Allocate(bytes);
  return file;
}

void FileStateFolder::RemoveForgottenReservations(const std::string& name) {
  for (const std::string& other : NamesIn(folder_.Get(), path_)) {
    struct stat info {};
    if (other.starts_with(name + ".") && other.ends_with(kTemporarySuffix) &&
        fstatat(folder_.Get(), other.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        info.st_mtime < std::time(nullptr) - kForgottenAfterSeconds) {
      unlinkat(folder_.Get(), other.c_str(), 0);
    }
  }
}

void FileStateFolder::Remove(const std::string& name) {
  if (Open().IsOpen() && unlinkat(folder_.Get(), name.c_str(), 0) != 0 && errno != ENOENT) {
    Fail("cannot remove", Path(name), errno);
  }
}

void FileStateFolder::Rename(const std::string& name, const std::string& new_name) {
  if (renameat(Create().Get(), name.c_str(), folder_.Get(), new_name.c_str()) != 0) {
    Fail("cannot rename", Path(name), errno);
  }
}

std::vector<std::string> FileStateFolder::List(const std::string& prefix) {
  if (!Open().IsOpen()) {
    return {};
  }
  std::vector<std::string> names = NamesIn(folder_.Get(), path_);
  std::erase_if(names, [&](const std::string& name) {
    return !name.starts_with(prefix) || name.ends_with(kLockSuffix);
  });
  std::sort(names.begin(), names.end());
  return names;
}

std::unique_ptr<app::Lock> FileStateFolder::TryLock(const std::string& name) {
  Descriptor file(openat(Create().Get(), name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
                         kPrivateFile));
  if (!file.IsOpen()) {
    Fail("cannot open the lock file", Path(name), errno);
  }
  RequirePrivate(file.Get(), S_IFREG, Path(name), use_);
  while (flock(file.Get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return nullptr;
    }
    if (errno != EINTR) {
      Fail("cannot lock", Path(name), errno);
    }
  }
  return std::make_unique<FileLock>(std::move(file));
}

bool FileStateFolder::IsHeld(const std::string& name) {
  if (!Open().IsOpen()) {
    return false;
  }
  const Descriptor file(
      openat(folder_.Get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.IsOpen()) {
    if (errno == ENOENT) {
      return false;
    }
    Fail("cannot open the lock file", Path(name), errno);
  }
  RequirePrivate(file.Get(), S_IFREG, Path(name), use_);
  // There is no question about such a lock but to take it. Shared, it is given back at once.
  return flock(file.Get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

app::FolderReport FileStateFolder::Inspect() {
  return InspectFolder(Open(), path_);
}

std::optional<int> FileStateFolder::StoppedHolder(const std::string& name) {
  const std::string text = Read(name).value_or("");
  int pid = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  return pid > 0 && IsStoppedProgram(pid) ? std::optional(pid) : std::nullopt;
}

}  // namespace grokauth::edge
