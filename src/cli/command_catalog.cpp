#include "cli/command_catalog.h"

#include <Poco/Util/HelpFormatter.h>
#include <Poco/Util/Option.h>

#include <algorithm>
#include <array>
#include <sstream>

namespace grokauth::cli {

namespace {

using Poco::Util::Option;
using Poco::Util::OptionSet;

struct OptionDescription {
  std::string_view name;
  std::string_view argument;  ///< empty: takes none
  std::string_view summary;
  std::string_view command = {};  ///< the only one whose option this is; empty: any
};

const std::vector<CommandDescription>& Commands() {
  static const std::vector<CommandDescription> commands = {
      {"token",
       "print an access token; the default command",
       "Prints the stored token, else a refreshed one, else signs a person in.",
       {"bare", "no-interactive", "device", "loopback", "no-browser", "timeout", "min-validity"}},
      {"login",
       "sign in now, replacing what is stored",
       "Signs a person in, with a code or with a browser, and stores the login.",
       {"device", "loopback", "no-browser", "no-qr", "api-key", "timeout", "json"}},
      {"logout",
       "delete the login here and revoke it at the server",
       "Deletes the stored login and asks the server to revoke it.",
       {"all", "json"}},
      {"refresh", "renew the token now", "Renews the login without a person.", {"json"}},
      {"status",
       "show the login: account, expiry, last refresh",
       "Shows what is stored, offline, and ends with status 0 whatever that is.",
       {"all", "json"}},
      {"models",
       "list the models that this login can use",
       "Lists the models that the server offers to this login; kept for an hour.",
       {"force", "all", "json"}},
      {"start",
       "begin a device sign-in, for scripts",
       "Asks for a code and prints it as JSON; 'poll' finishes the sign-in.",
       {}},
      {"poll",
       "finish a device sign-in begun by start",
       "Asks the server once, and prints as JSON how the sign-in stands.",
       {"pending-id"}},
      {"profiles", "list the profiles", "Lists the profiles that can be used.", {"json"}},
      {"doctor",
       "check everything that can go wrong",
       "Checks everything that a run needs, and says what to do where it fails.",
       {"offline", "json"}},
      {"setup",
       "tell Grok to use grok-auth",
       "Prints the lines for Grok's configuration, or writes them there.",
       {"write"}},
      {"exec",
       "run a command with a fresh token in XAI_API_KEY",
       "Runs the command with a fresh token, or the API key, in XAI_API_KEY.",
       {"min-validity"},
       "COMMAND"},
      {"credential",
       "answer git as a credential helper",
       "Reads a request of git on standard input; OPERATION is get, store or erase.",
       {"no-interactive"},
       "OPERATION"},
      {"ssh",
       "sign in on another host; the browser opens here",
       "Runs 'grok-auth login' on the host by ssh, and opens the address here.",
       {"device", "loopback", "no-browser"},
       "SSH_ARGUMENTS"},
  };
  return commands;
}

constexpr std::array<OptionDescription, 21> kOptions = {{
    {"profile", "NAME", "use this profile"},
    {"config", "FILE", "read this configuration file"},
    {"verbose", "", "say what is done, without secrets"},
    {"help", "", "show this text"},
    {"version", "", "show the version"},
    {"bare", "", "print the token alone instead of JSON"},
    {"no-interactive", "", "never ask a person"},
    {"device", "", "sign in with a code (RFC 8628)"},
    {"loopback", "", "sign in with a browser that can reach this computer"},
    {"no-browser", "", "open no browser"},
    {"no-qr", "", "draw no QR code"},
    {"api-key", "", "store an API key instead of signing in"},
    {"timeout", "SECONDS", "wait so long for the person"},
    {"min-validity", "SECONDS", "ask for a token that lasts at least so long"},
    {"all", "", "image and video models too", "models"},
    {"all", "", "all profiles"},
    {"force", "", "ask the server, whatever is kept"},
    {"pending-id", "ID", "the sign-in that 'start' named so"},
    {"offline", "", "ask no server"},
    {"write", "", "change the file instead of printing the lines"},
    {"json", "", "answer in JSON"},
}};
constexpr std::array<std::string_view, 5> kCommonOptions = {"profile", "config", "verbose", "help",
                                                            "version"};

const OptionDescription& Describe(std::string_view name, const CommandDescription& command) {
  return *std::find_if(kOptions.begin(), kOptions.end(), [&](const OptionDescription& option) {
    return option.name == name && (option.command.empty() || option.command == command.name);
  });
}

Option MakeOption(std::string_view name, const CommandDescription& command) {
  const OptionDescription& description = Describe(name, command);
  Option option(std::string(name), "", std::string(description.summary));
  if (!description.argument.empty()) {
    option.argument(std::string(description.argument));
  }
  return option;
}

}  // namespace

const CommandDescription* FindCommand(std::string_view name) {
  const auto& commands = Commands();
  const auto found =
      std::find_if(commands.begin(), commands.end(),
                   [&](const CommandDescription& command) { return command.name == name; });
  return found == commands.end() ? nullptr : &*found;
}

OptionSet MakeOptionSet(const CommandDescription& command) {
  OptionSet options;
  for (const std::string_view name : command.options) {
    options.addOption(MakeOption(name, command));
  }
  for (const std::string_view name : kCommonOptions) {
    options.addOption(MakeOption(name, command));
  }
  return options;
}

std::string GeneralHelp() {
  std::string text =
      "usage: grok-auth [COMMAND] [OPTIONS]\n\n"
      "Signs in for Grok, keeps the token fresh and hands it out.\n\ncommands:\n";
  for (const CommandDescription& command : Commands()) {
    constexpr std::size_t kNameWidth = 11;
    text += "  " + std::string(command.name) + std::string(kNameWidth - command.name.size(), ' ') +
            std::string(command.summary) + "\n";
  }
  return text +
         "\n'grok-auth COMMAND --help' shows the options of a command. Every command has\n"
         "--profile NAME, --config FILE, --verbose, --help and --version.\n";
}

std::string CommandHelp(const CommandDescription& command, const OptionSet& options) {
  Poco::Util::HelpFormatter formatter(options);
  formatter.setUnixStyle(true);
  formatter.setWidth(80);
  formatter.setCommand("grok-auth " + std::string(command.name));
  formatter.setUsage(command.foreign_arguments.empty()
                         ? "[OPTIONS]"
                         : "[OPTIONS] " + std::string(command.foreign_arguments));
  formatter.setHeader(std::string(command.text));
  std::ostringstream text;
  formatter.format(text);
  return text.str();
}

}  // namespace grokauth::cli
