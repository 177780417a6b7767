#pragma once

#include <string>
#include <variant>

namespace grokauth::app {

/// The two settings of Grok's configuration that `setup` owns.
struct ProviderSettings {
  std::string command;
  std::string label;
};

/// Why a configuration cannot be edited: one clause, fit for a terminal.
struct EditRefusal {
  std::string reason;
};

/// `text`, Grok's config.toml, with `settings` in it and every other byte as it was. A setting is
/// replaced where it stands and counts, in `[grok_com_config]` or `[auth]`, else added to `[auth]`,
/// which is added at the end when there is none. The result is read again and compared: what it
/// means differs from what `text` means by these settings alone. Anything that cannot be done so is
/// refused.
[[nodiscard]] std::variant<std::string, EditRefusal> EditGrokConfig(
    const std::string& text, const ProviderSettings& settings);

}  // namespace grokauth::app
