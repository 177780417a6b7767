#include "edge/config_file_editor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <vector>

#include "app/error.h"
#include "edge/descriptor.h"
#include "edge/system.h"
#include "oauth/encoding.h"

namespace grokauth::edge {

namespace {

constexpr mode_t kPrivateFile = 0600;
constexpr mode_t kPrivateFolder = 0700;
constexpr mode_t kPermissions = 07777;
constexpr const char* kUnchangedHint =
    "nothing was changed; write the lines that 'grok-auth setup' prints by hand";

std::string Shown(const std::string& path) {
  return "'" + oauth::Printable(path, PATH_MAX) + "'";
}

[[noreturn]] void Fail(const std::string& what, const std::string& path, int error) {
  throw app::Error(app::ErrorKind::kStore, what + " " + Shown(path) + ": " + std::strerror(error),
                   kUnchangedHint);
}

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().native();
  return folder.empty() ? "." : folder;
}

/// A file that is removed unless it is kept.
class NewFile {
 public:
  NewFile(std::string path, Descriptor file) : path_(std::move(path)), file_(std::move(file)) {}
  ~NewFile() {
    if (!path_.empty()) {
      unlink(path_.c_str());
    }
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] int descriptor() const { return file_.Get(); }
  void Keep() { path_.clear(); }

  /// Fills the file, and makes it durable.
  void Write(const std::string& text) const {
    std::size_t written = 0;
    while (written < text.size()) {
      const ssize_t count = write(file_.Get(), text.data() + written, text.size() - written);
      if (count < 0 && errno != EINTR) {
        Fail("cannot write", path_, errno);
      }
      written += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    }
    if (fsync(file_.Get()) != 0) {
      Fail("cannot write", path_, errno);
    }
  }

 private:
  std::string path_;
  Descriptor file_;
};

/// Copies what setfattr(1) shows: access control lists (whose mask the mode's group bits are), and
/// labels of security modules, which the system may well refuse and set by itself.
void CopyAttributes(int from, const NewFile& to) {
  const ssize_t size = flistxattr(from, nullptr, 0);
  std::vector<char> names(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  const ssize_t used = flistxattr(from, names.data(), names.size());
  const char* const end = names.data() + std::max<ssize_t>(used, 0);
  for (const char* name = names.data(); name < end; name += std::strlen(name) + 1) {
    std::vector<char> value(XATTR_SIZE_MAX);
    const ssize_t length = fgetxattr(from, name, value.data(), value.size());
    const bool is_copied = length >= 0 && fsetxattr(to.descriptor(), name, value.data(),
                                                    static_cast<std::size_t>(length), 0) == 0;
    if (!is_copied && std::strncmp(name, "security.", std::strlen("security.")) != 0) {
      Fail("cannot copy the attribute '" + oauth::Printable(name) + "' to", to.path(), errno);
    }
  }
}

/// Gives the file owner, group, mode and attributes of the one that is open as `from`.
void CopyAccess(int from, const NewFile& to) {
  struct stat theirs {};
  struct stat ours {};
  if (fstat(from, &theirs) != 0 || fstat(to.descriptor(), &ours) != 0) {
    Fail("cannot look at", to.path(), errno);
  }
  const bool is_same = theirs.st_uid == ours.st_uid && theirs.st_gid == ours.st_gid;
  // The mode last: a change of the owner takes bits away.
  if ((!is_same && fchown(to.descriptor(), theirs.st_uid, theirs.st_gid) != 0) ||
      fchmod(to.descriptor(), theirs.st_mode & kPermissions) != 0) {
    Fail("cannot give its owner to", to.path(), errno);
  }
  CopyAttributes(from, to);
}

std::unique_ptr<NewFile> CreateTemporary(const std::string& path) {
  std::string name = path + ".XXXXXX";
  Descriptor file(mkostemp(name.data(), O_CLOEXEC));  // with mode 0600
  if (!file.IsOpen()) {
    Fail("cannot write beside", path, errno);
  }
  return std::make_unique<NewFile>(std::move(name), std::move(file));
}

/// Creates `path`, or one with a number behind it.
std::unique_ptr<NewFile> CreateBackup(const std::string& path) {
  constexpr int kMostBackups = 1000;
  for (int number = 1; number <= kMostBackups; ++number) {
    std::string name = number == 1 ? path : path + "-" + std::to_string(number);
    Descriptor file(
        open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kPrivateFile));
    if (file.IsOpen()) {
      return std::make_unique<NewFile>(std::move(name), std::move(file));
    }
    if (errno != EEXIST) {
      Fail("cannot write", name, errno);
    }
  }
  Fail("cannot write", path, EEXIST);
}

void CreateFolder(const std::string& path) {
  for (std::size_t end = path.find('/', 1); end != std::string::npos;
       end = path.find('/', end + 1)) {
    mkdir(path.substr(0, end).c_str(), kPrivateFolder);  // what cannot be made shows below
  }
  if (mkdir(path.c_str(), kPrivateFolder) != 0 && errno != EEXIST) {
    Fail("cannot create", path, errno);
  }
}

/// Opens what is to be replaced, and refuses what a replacement would spoil.
Descriptor OpenReplaceable(const std::string& path) {
  Descriptor file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (!file.IsOpen() || fstat(file.Get(), &info) != 0) {
    Fail("cannot open", path, errno);
  }
  if (info.st_nlink > 1) {
    throw app::Error(app::ErrorKind::kStore, Shown(path) + " has further names (hard links)",
                     kUnchangedHint);
  }
  if (faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0) {
    Fail("cannot write", path, errno);  // a rename would not mind that it is read-only
  }
  return file;
}

void Rename(NewFile& file, const std::string& path) {
  if (rename(file.path().c_str(), path.c_str()) != 0) {
    Fail("cannot replace", path, errno);
  }
  file.Keep();
  const Descriptor folder(open(FolderOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  fsync(folder.Get());
}

}  // namespace

app::ConfigFile ConfigFileEditor::Read(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr),
                                                         &std::free);
  struct stat info {};
  if (!real && errno == ENOENT && lstat(path.c_str(), &info) != 0) {
    return {path, std::nullopt};
  }
  if (!real) {
    // Of a link to nothing the target is not made: something that belongs there is missing.
    throw app::Error(app::ErrorKind::kConfig,
                     "cannot read " + Shown(path) + ": " + std::strerror(errno),
                     "check where the symbolic link leads, and its permissions");
  }
  if (stat(real.get(), &info) == 0 && !S_ISREG(info.st_mode)) {
    throw app::Error(app::ErrorKind::kConfig, Shown(path) + " is not a regular file",
                     "move it away");
  }
  return {real.get(), ReadConfigFile(real.get(), /*required=*/true)};
}

std::string ConfigFileEditor::Replace(const app::ConfigFile& file, const std::string& text,
                                      const std::string& backup_suffix) {
  if (!file.text) {
    CreateFolder(FolderOf(file.path));
  }
  const Descriptor old = file.text ? OpenReplaceable(file.path) : Descriptor();
  const std::unique_ptr<NewFile> replacement = CreateTemporary(file.path);
  std::unique_ptr<NewFile> backup;
  if (old.IsOpen()) {
    CopyAccess(old.Get(), *replacement);
    backup = CreateBackup(file.path + backup_suffix);
    CopyAccess(old.Get(), *backup);
    backup->Write(*file.text);
  }
  replacement->Write(text);
  if (ReadConfigFile(file.path, /*required=*/false) != file.text) {
    throw app::Error(app::ErrorKind::kStore, Shown(file.path) + " was changed meanwhile",
                     "run it again");
  }
  Rename(*replacement, file.path);
  std::string backup_path = backup ? backup->path() : "";
  if (backup) {
    backup->Keep();
  }
  return backup_path;
}

}  // namespace grokauth::edge
