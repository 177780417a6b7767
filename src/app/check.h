#pragma once

#include <string>

namespace grokauth::app {

/// One line of `doctor`: what was looked at, what was found, and what to do about it.
struct Check {
  enum class Outcome {
    kGood,
    kNote,     ///< nothing is wrong, but worth knowing
    kTrouble,  ///< something does not work, or will not
  };

  Outcome outcome = Outcome::kGood;
  std::string name;     ///< "grok", "issuer", "keyring", ...
  std::string finding;  ///< one clause, without a secret
  std::string fix;      ///< what to do; empty unless the outcome asks for something
};

}  // namespace grokauth::app
