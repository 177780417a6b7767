#include <catch2/catch.hpp>

#include <algorithm>
#include <utility>

#include "app/error.h"
#include "fakes.h"

namespace grokauth::test {

using app::Error;
using app::ErrorKind;

namespace {

std::string WriteLockOf(const std::string& name) {
  return name.substr(0, name.find('.')) + ".write.lock";
}

}  // namespace

class MemoryLock final : public app::Lock {
 public:
  MemoryLock(MemoryStateFolder& folder, std::string name)
      : folder_(folder), name_(std::move(name)) {
    folder_.held_here_.insert(name_);
  }
  ~MemoryLock() override { folder_.held_here_.erase(name_); }
  MemoryLock(const MemoryLock&) = delete;
  MemoryLock& operator=(const MemoryLock&) = delete;
  [[nodiscard]] int Descriptor() const override { return -1; }

 private:
  MemoryStateFolder& folder_;
  std::string name_;
};

class MemoryReservation final : public app::Reservation {
 public:
  MemoryReservation(MemoryStateFolder& folder, std::string name)
      : folder_(folder), name_(std::move(name)) {}
  void Commit(const std::string& contents) override {
    if (folder_.uncommittable.contains(name_)) {
      throw Error(ErrorKind::kStore, "cannot commit '" + name_ + "'");
    }
    folder_.Write(name_, contents);
  }

 private:
  MemoryStateFolder& folder_;
  std::string name_;
};

void MemoryStateFolder::RequireWritable(const std::string& name) const {
  if (locks_ == Locks::kRequired && !IsLocked(WriteLockOf(name))) {
    FAIL("'" << name << "' is changed without the write lock");
  }
  if (unwritable.contains(name)) {
    throw Error(ErrorKind::kStore, "cannot write '" + name + "'");
  }
}

void MemoryStateFolder::Write(const std::string& name, const std::string& contents) {
  if (before_change) {
    before_change(name);
  }
  RequireWritable(name);
  files[name] = contents;
  changes.push_back("write " + name);
  unsynced.erase(name);
}

std::optional<std::string> MemoryStateFolder::Read(const std::string& name) {
  if (unreadable.contains(name)) {
    throw Error(ErrorKind::kStore, "cannot read '" + name + "'");
  }
  const auto found = files.find(name);
  return found == files.end() ? std::nullopt : std::optional(found->second);
}

void MemoryStateFolder::Replace(const std::string& name, const std::string& contents) {
  Write(name, contents);
}

void MemoryStateFolder::ReplaceUnsynced(const std::string& name, const std::string& contents) {
  Write(name, contents);
  unsynced.insert(name);
}

std::unique_ptr<app::Reservation> MemoryStateFolder::Reserve(const std::string& name,
                                                             std::size_t /*bytes*/) {
  if (is_full) {
    throw Error(ErrorKind::kStore, "no space left for '" + name + "'");
  }
  return std::make_unique<MemoryReservation>(*this, name);
}

void MemoryStateFolder::Remove(const std::string& name) {
  if (before_change) {
    before_change(name);
  }
  RequireWritable(name);
  if (files.erase(name) > 0) {
    changes.push_back("remove " + name);
  }
}

void MemoryStateFolder::Rename(const std::string& name, const std::string& new_name) {
  RequireWritable(name);
  files[new_name] = files.at(name);
  files.erase(name);
  changes.push_back("rename " + name);
}

std::optional<int> MemoryStateFolder::StoppedHolder(const std::string& name) {
  const auto found = stopped.find(name);
  return found == stopped.end() ? std::nullopt : std::optional(found->second);
}

app::FolderReport MemoryStateFolder::Inspect() {
  if (!unsafe.empty()) {
    throw Error(ErrorKind::kStore, unsafe, "take care of it");
  }
  return report;
}

std::vector<std::string> MemoryStateFolder::List(const std::string& prefix) {
  std::vector<std::string> names;
  for (const auto& [name, contents] : files) {
    if (name.starts_with(prefix)) {
      names.push_back(name);
    }
  }
  return names;
}

bool MemoryStateFolder::IsLocked(const std::string& lock) const {
  return held_here_.contains(lock) || held_elsewhere_.contains(lock);
}

std::unique_ptr<app::Lock> MemoryStateFolder::TryLock(const std::string& name) {
  const bool write_lock_held = std::any_of(held_here_.begin(), held_here_.end(), [](const auto& l) {
    return l.ends_with(".write.lock");
  });
  if (write_lock_held) {
    FAIL("'" << name << "' is taken under the write lock, which is the innermost");
  }
  if (IsLocked(name)) {
    return nullptr;
  }
  locks_taken.push_back(name);
  return std::make_unique<MemoryLock>(*this, name);
}

std::string MemoryStateFolder::Path(const std::string& name) const {
  return "/state/grok-auth/" + name;
}

}  // namespace grokauth::test
