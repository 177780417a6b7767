#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/edges.h"
#include "edge/descriptor.h"

namespace grokauth::edge {

enum class FolderUse {
  kChange,
  kLookOnly,  ///< even the permissions stay as they are
};

/// The state folder on disk. Nothing is opened before the first use, nothing created before the
/// first change.
class FileStateFolder final : public app::StateFolder {
 public:
  /// `path` is the folder's own path; its parents are created when needed.
  explicit FileStateFolder(std::string path, FolderUse use = FolderUse::kChange);

  [[nodiscard]] std::optional<std::string> Read(const std::string& name) override;
  void Replace(const std::string& name, const std::string& contents) override;
  void ReplaceUnsynced(const std::string& name, const std::string& contents) override;
  [[nodiscard]] std::unique_ptr<app::Reservation> Reserve(const std::string& name,
                                                          std::size_t bytes) override;
  void Remove(const std::string& name) override;
  void Rename(const std::string& name, const std::string& new_name) override;
  [[nodiscard]] std::vector<std::string> List(const std::string& prefix) override;
  [[nodiscard]] std::unique_ptr<app::Lock> TryLock(const std::string& name) override;
  [[nodiscard]] std::optional<int> StoppedHolder(const std::string& name) override;
  [[nodiscard]] bool IsHeld(const std::string& name) override;
  [[nodiscard]] app::FolderReport Inspect() override;
  [[nodiscard]] std::string Path(const std::string& name) const override;

 private:
  /// The folder, opened and checked; not open when it does not exist.
  const Descriptor& Open();
  /// The same, created when it does not exist.
  const Descriptor& Create();
  void RemoveForgottenReservations(const std::string& name);

  std::string path_;
  FolderUse use_;
  Descriptor folder_;
};

}  // namespace grokauth::edge
