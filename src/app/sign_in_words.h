#pragma once

namespace grokauth::app {

// What a sign-in writes where no terminal is, and `grok-auth ssh` reads on another computer.
// Another version may be there: only add to them.

/// Begins the line with the address; the address is the rest of it.
inline constexpr const char* kAddressWords = "Sign in at ";
/// The line above the ssh command that brings the browser's answer here. What belongs to it follows
/// in lines that begin with a blank.
inline constexpr const char* kForwardWords =
    "The browser must reach this computer. From the one you sit at:";

}  // namespace grokauth::app
