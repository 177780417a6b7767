#include "cli/command_line.h"

#include <Poco/Util/HelpFormatter.h>
#include <Poco/Util/Option.h>
#include <Poco/Util/OptionException.h>
#include <Poco/Util/OptionProcessor.h>
#include <Poco/Util/OptionSet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <map>
#include <sstream>
#include <string_view>

#include "app/error.h"

namespace grokauth::cli {

namespace {

using app::Error;
using app::ErrorKind;
using Poco::Util::Option;
using Poco::Util::OptionSet;

struct CommandDescription {
  std::string_view name;
  std::string_view summary;
  std::string_view text;
  std::vector<std::string_view> options;    ///< beside those of every command
  std::string_view foreign_arguments = {};  ///< another program's, which come last; empty: none
};

struct OptionDescription {
  std::string_view name;
  std::string_view argument;  ///< empty: takes none
  std::string_view summary;
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
       {"device", "loopback", "no-browser", "no-qr", "timeout", "json"}},
      {"logout",
       "delete the login here and revoke it at the server",
       "Deletes the stored login and asks the server to revoke it.",
       {"json"}},
      {"refresh", "renew the token now", "Renews the login without a person.", {"json"}},
      {"status",
       "show the login: account, expiry, last refresh",
       "Shows what is stored, offline, and ends with status 0 whatever that is.",
       {"json"}},
      {"ssh",
       "sign in on another host; the browser opens here",
       "Runs 'grok-auth login' on the host by ssh, and opens the address here.",
       {"device", "loopback", "no-browser"},
       "SSH_ARGUMENTS"},
  };
  return commands;
}

/// Null when there is no such command.
const CommandDescription* FindCommand(std::string_view name) {
  const auto& commands = Commands();
  const auto found =
      std::find_if(commands.begin(), commands.end(),
                   [&](const CommandDescription& command) { return command.name == name; });
  return found == commands.end() ? nullptr : &*found;
}

constexpr std::array<OptionDescription, 14> kOptions = {{
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
    {"timeout", "SECONDS", "wait so long for the person"},
    {"min-validity", "SECONDS", "ask for a token that lasts at least so long"},
    {"json", "", "answer in JSON"},
}};
constexpr std::array<std::string_view, 5> kCommonOptions = {"profile", "config", "verbose", "help",
                                                            "version"};

/// The option's values as they were given; a flag has an empty one.
using Values = std::map<std::string, std::string>;

const OptionDescription& Describe(std::string_view name) {
  return *std::find_if(kOptions.begin(), kOptions.end(),
                       [&](const OptionDescription& option) { return option.name == name; });
}

Option MakeOption(std::string_view name) {
  const OptionDescription& description = Describe(name);
  Option option(std::string(name), "", std::string(description.summary));
  if (!description.argument.empty()) {
    option.argument(std::string(description.argument));
  }
  return option;
}

OptionSet MakeOptionSet(const CommandDescription& command) {
  OptionSet options;
  for (const std::string_view name : command.options) {
    options.addOption(MakeOption(name));
  }
  for (const std::string_view name : kCommonOptions) {
    options.addOption(MakeOption(name));
  }
  return options;
}

std::string UsageHint(const CommandDescription& command) {
  return "see 'grok-auth " + std::string(command.name) + " --help'";
}

/// Poco's processor takes abbreviations; a script that uses one breaks with the next new option.
void RequireFullName(const std::string& argument, const OptionSet& options,
                     const CommandDescription& command) {
  if (!argument.starts_with("--") || argument == "--") {
    if (argument.starts_with("-") && argument != "-" && argument != "--") {
      throw Error(ErrorKind::kUsage, "there is no option '" + oauth::Printable(argument) + "'",
                  UsageHint(command));
    }
    return;
  }
  const std::string name = argument.substr(2, argument.find('=') - 2);
  const bool known = std::any_of(options.begin(), options.end(),
                                 [&](const Option& option) { return option.fullName() == name; });
  if (!known) {
    throw Error(
        ErrorKind::kUsage,
        "'" + std::string(command.name) + "' has no option '--" + oauth::Printable(name) + "'",
        UsageHint(command));
  }
}

/// Poco's complaint in our words. Its message begins with the option's name.
std::string Describe(const Poco::Util::OptionException& error) {
  const std::string message = oauth::Printable(error.message());
  const std::string option = "--" + message.substr(0, message.find_first_of(" ="));
  if (dynamic_cast<const Poco::Util::MissingArgumentException*>(&error) != nullptr) {
    return option + " needs a value";
  }
  if (dynamic_cast<const Poco::Util::UnexpectedArgumentException*>(&error) != nullptr) {
    return option + " takes no value";
  }
  return dynamic_cast<const Poco::Util::DuplicateOptionException*>(&error) != nullptr
             ? option + " is given more than once"
             : "the options cannot be read: " + message;
}

/// Takes the arguments of the other program from the end of `arguments`: from the first one on that
/// is no long option, or all that stand behind "--".
std::vector<std::string> TakeForeignArguments(std::vector<std::string>& arguments,
                                              const OptionSet& options) {
  auto end = arguments.begin();
  while (end != arguments.end() && end->starts_with("--") && *end != "--") {
    const std::string name = end->substr(2);
    const bool takes_next = std::any_of(options.begin(), options.end(), [&](const Option& option) {
      return option.fullName() == name && option.takesArgument();
    });
    end += takes_next && std::next(end) != arguments.end() ? 2 : 1;
  }
  const bool has_mark = end != arguments.end() && *end == "--";
  std::vector<std::string> foreign(has_mark ? std::next(end) : end, arguments.end());
  arguments.erase(end, arguments.end());
  return foreign;
}

Values ProcessOptions(const std::vector<std::string>& arguments, const OptionSet& options,
                      const CommandDescription& command) {
  Poco::Util::OptionProcessor processor(options);
  processor.setUnixStyle(true);
  Values values;
  try {
    bool expects_value = false;
    for (const std::string& argument : arguments) {
      if (!expects_value) {
        RequireFullName(argument, options, command);
      }
      std::string name;
      std::string value;
      if (!processor.process(argument, name, value)) {
        throw Error(ErrorKind::kUsage, "unexpected argument '" + oauth::Printable(argument) + "'",
                    UsageHint(command));
      }
      expects_value = name.empty();
      if (!name.empty()) {
        values[name] = value;
      }
    }
    processor.checkRequired();
  } catch (const Poco::Util::OptionException& error) {
    throw Error(ErrorKind::kUsage, Describe(error), UsageHint(command));
  }
  return values;
}

std::optional<std::string> Value(const Values& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::chrono::seconds> Seconds(const Values& values, const std::string& name) {
  const std::optional<std::string> text = Value(values, name);
  if (!text) {
    return std::nullopt;
  }
  std::uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  constexpr std::uint32_t kMostSeconds = 86400;
  if (error != std::errc() || end != text->data() + text->size() || seconds > kMostSeconds) {
    throw Error(ErrorKind::kUsage, "--" + name + " is '" + oauth::Printable(*text) + "'",
                "give a whole number of seconds, at most 86400");
  }
  return std::chrono::seconds(seconds);
}

std::optional<app::Flow> FlowOf(const Values& values) {
  if (values.contains("device") && values.contains("loopback")) {
    throw Error(ErrorKind::kUsage, "--device and --loopback exclude each other",
                "give one of them");
  }
  if (values.contains("device")) {
    return app::Flow::kDevice;
  }
  return values.contains("loopback") ? std::optional(app::Flow::kLoopback) : std::nullopt;
}

std::string GeneralHelp() {
  std::string text =
      "usage: grok-auth [COMMAND] [OPTIONS]\n\n"
      "Signs in for Grok, keeps the token fresh and hands it out.\n\ncommands:\n";
  for (const CommandDescription& command : Commands()) {
    constexpr std::size_t kNameWidth = 10;
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

Command MakeCommand(const CommandDescription& description, const Values& values,
                    std::vector<std::string> foreign) {
  CommonOptions common{Value(values, "profile"), Value(values, "config"),
                       values.contains("verbose"), values.contains("json"), FlowOf(values)};
  const bool no_browser = values.contains("no-browser");
  if (description.name == "token") {
    const app::TokenFormat format =
        values.contains("bare") ? app::TokenFormat::kBare : app::TokenFormat::kJson;
    return TokenCommand{std::move(common),
                        {format, values.contains("no-interactive"), no_browser,
                         Seconds(values, "timeout"), Seconds(values, "min-validity")}};
  }
  if (description.name == "login") {
    return LoginCommand{std::move(common),
                        {values.contains("no-qr"), no_browser, Seconds(values, "timeout")}};
  }
  if (description.name == "logout") {
    return LogoutCommand{std::move(common)};
  }
  if (description.name == "refresh") {
    return RefreshCommand{std::move(common), values.contains("worker")};
  }
  if (description.name == "ssh") {
    if (foreign.empty()) {
      throw Error(ErrorKind::kUsage, "'ssh' needs the host, and what else ssh(1) takes",
                  UsageHint(description));
    }
    return SshCommand{std::move(common), no_browser, std::move(foreign)};
  }
  return StatusCommand{std::move(common)};
}

}  // namespace

bool AsksForJson(const std::vector<std::string>& arguments) {
  const CommandDescription* command = arguments.empty() ? nullptr : FindCommand(arguments.front());
  const auto has = [](const auto& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  return command != nullptr && has(command->options, "json") && has(arguments, "--json");
}

Command ParseCommandLine(const std::vector<std::string>& arguments) {
  std::vector<std::string> rest = arguments;
  std::string name = "token";
  const bool names_command = !rest.empty() && !rest.front().starts_with("-");
  if (names_command) {
    name = rest.front();
    rest.erase(rest.begin());
  } else if (std::find(rest.begin(), rest.end(), "--help") != rest.end()) {
    return PrintCommand{GeneralHelp()};
  }
  if (name == kUnlockKeyringCommand && rest.empty()) {
    return UnlockKeyringCommand{};
  }
  const CommandDescription* command = FindCommand(name);
  if (command == nullptr) {
    throw Error(ErrorKind::kUsage, "there is no command '" + oauth::Printable(name) + "'",
                "see 'grok-auth --help'");
  }
  OptionSet options = MakeOptionSet(*command);
  const std::string help = CommandHelp(*command, options);
  if (command->name == "refresh") {
    options.addOption(Option("worker", "", "for the program itself"));  // not in the help
  }
  std::vector<std::string> foreign;
  if (!command->foreign_arguments.empty()) {
    foreign = TakeForeignArguments(rest, options);
  }
  const Values values = ProcessOptions(rest, options, *command);
  if (values.contains("help")) {
    return PrintCommand{help};
  }
  if (values.contains("version")) {
    return PrintCommand{"grok-auth " GROK_AUTH_VERSION "\n"};
  }
  return MakeCommand(*command, values, std::move(foreign));
}

}  // namespace grokauth::cli
