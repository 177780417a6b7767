#pragma once

#include <string>

#include "app/edges.h"
#include "edge/interrupts.h"

namespace grokauth::edge {

/// The desktop's keyring, by libsecret. Nothing is loaded or asked before the first use; no member
/// but `Unlock` can open a dialog, and each ends within 2 s.
class SecretServiceStore final : public app::Keyring {
 public:
  explicit SecretServiceStore(Interrupts& interrupts);

  [[nodiscard]] app::KeyringAnswer Probe() override;
  [[nodiscard]] app::KeyringAnswer Load(const app::KeyringItem& item) override;
  [[nodiscard]] app::KeyringAnswer Save(const app::KeyringItem& item, const std::string& label,
                                        const std::string& secret) override;
  [[nodiscard]] app::KeyringAnswer Remove(const app::KeyringItem& item) override;
  [[nodiscard]] bool Unlock(std::chrono::seconds patience) override;

 private:
  Interrupts& interrupts_;
  bool hung_ = false;  ///< it did not answer once, and is not asked again by this process
};

/// What the unlocking child does: asks the keyring to unlock its default collection, which may open
/// a dialog and wait for a person for ever. Returns the exit status, 0 for unlocked.
[[nodiscard]] int UnlockKeyringHere();

}  // namespace grokauth::edge
