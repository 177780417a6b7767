#include "cli/command_line.h"

#include <Poco/Util/Option.h>
#include <Poco/Util/OptionException.h>
#include <Poco/Util/OptionProcessor.h>
#include <Poco/Util/OptionSet.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <string_view>

#include "app/error.h"
#include "cli/command_catalog.h"

namespace grokauth::cli {

namespace {

using app::Error;
using app::ErrorKind;
using Poco::Util::Option;
using Poco::Util::OptionSet;

/// The option's values as they were given; a flag has an empty one.
using Values = std::map<std::string, std::string>;

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

/// An argument that nothing takes. One that may be a key is not repeated: messages go to logs.
Error Unexpected(const std::string& argument, const std::vector<std::string>& arguments,
                 const CommandDescription& command) {
  const bool may_be_key =
      std::find(arguments.begin(), arguments.end(), "--api-key") != arguments.end();
  return may_be_key
             ? Error(ErrorKind::kUsage, "an API key is not taken from the command line",
                     "other users can see it there, so give yourself a new one; it is asked for, "
                     "or read from standard input")
             : Error(ErrorKind::kUsage, "unexpected argument '" + oauth::Printable(argument) + "'",
                     UsageHint(command));
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
        throw Unexpected(argument, arguments, command);
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

/// The command's own arguments, which it cannot do without.
std::vector<std::string> Required(std::vector<std::string> arguments, const char* what,
                                  const CommandDescription& description) {
  if (arguments.empty()) {
    throw Error(ErrorKind::kUsage,
                "'" + std::string(description.name) + "' needs " + std::string(what),
                UsageHint(description));
  }
  return arguments;
}

/// What the parsed options and arguments of a command make.
struct Parsed {
  const CommandDescription& description;
  const Values& values;
  CommonOptions common;
  std::vector<std::string> foreign;

  [[nodiscard]] bool Has(const std::string& option) const { return values.contains(option); }
};

Command MakeToken(Parsed parsed) {
  const app::TokenFormat format =
      parsed.Has("bare") ? app::TokenFormat::kBare : app::TokenFormat::kJson;
  return TokenCommand{std::move(parsed.common),
                      {format, parsed.Has("no-interactive"), parsed.Has("no-browser"),
                       Seconds(parsed.values, "timeout"), Seconds(parsed.values, "min-validity")}};
}

Command MakeLogin(Parsed parsed) {
  const bool api_key = parsed.Has("api-key");
  for (const std::string name : {"device", "loopback", "no-browser", "no-qr", "timeout"}) {
    if (api_key && parsed.Has(name)) {
      throw Error(ErrorKind::kUsage, "--api-key and --" + name + " exclude each other",
                  UsageHint(parsed.description));
    }
  }
  return LoginCommand{
      std::move(parsed.common),
      {parsed.Has("no-qr"), parsed.Has("no-browser"), Seconds(parsed.values, "timeout")},
      api_key};
}

Command MakeLogout(Parsed parsed) {
  return LogoutCommand{std::move(parsed.common), parsed.Has("all")};
}

Command MakeRefresh(Parsed parsed) {
  return RefreshCommand{std::move(parsed.common), parsed.Has("worker")};
}

Command MakeStatus(Parsed parsed) {
  return StatusCommand{std::move(parsed.common), parsed.Has("all")};
}

Command MakeModels(Parsed parsed) {
  return ModelsCommand{std::move(parsed.common), parsed.Has("force"), parsed.Has("all")};
}

Command MakeStart(Parsed parsed) {
  parsed.common.json = true;
  return StartCommand{std::move(parsed.common)};
}

Command MakePoll(Parsed parsed) {
  parsed.common.json = true;
  return PollCommand{std::move(parsed.common), Value(parsed.values, "pending-id")};
}

Command MakeProfiles(Parsed parsed) {
  return ProfilesCommand{std::move(parsed.common)};
}

Command MakeDoctor(Parsed parsed) {
  return DoctorCommand{std::move(parsed.common), parsed.Has("offline")};
}

Command MakeSetup(Parsed parsed) {
  return SetupCommand{std::move(parsed.common), parsed.Has("write")};
}

Command MakeExec(Parsed parsed) {
  return ExecCommand{
      std::move(parsed.common),
      {Seconds(parsed.values, "min-validity"),
       Required(std::move(parsed.foreign), "the command to run", parsed.description)}};
}

Command MakeCredential(Parsed parsed) {
  const std::vector<std::string> arguments =
      Required(std::move(parsed.foreign), "what to do: get, store or erase", parsed.description);
  if (arguments.size() > 1) {
    throw Error(ErrorKind::kUsage, "unexpected argument '" + oauth::Printable(arguments[1]) + "'",
                UsageHint(parsed.description));
  }
  return CredentialCommand{std::move(parsed.common), parsed.Has("no-interactive"),
                           arguments.front()};
}

Command MakeSsh(Parsed parsed) {
  return SshCommand{std::move(parsed.common), parsed.Has("no-browser"),
                    Required(std::move(parsed.foreign), "the host, and what else ssh(1) takes",
                             parsed.description)};
}

Command MakeCommand(const CommandDescription& description, const Values& values,
                    std::vector<std::string> foreign) {
  static const std::map<std::string_view, Command (*)(Parsed)> makers = {
      {"token", MakeToken},           {"login", MakeLogin},   {"logout", MakeLogout},
      {"refresh", MakeRefresh},       {"status", MakeStatus}, {"models", MakeModels},
      {"start", MakeStart},           {"poll", MakePoll},     {"profiles", MakeProfiles},
      {"doctor", MakeDoctor},         {"setup", MakeSetup},   {"exec", MakeExec},
      {"credential", MakeCredential}, {"ssh", MakeSsh},
  };
  CommonOptions common{Value(values, "profile"), Value(values, "config"),
                       values.contains("verbose"), values.contains("json"), FlowOf(values)};
  return makers.at(description.name)(
      Parsed{description, values, std::move(common), std::move(foreign)});
}

}  // namespace

bool AsksForJson(const std::vector<std::string>& arguments) {
  const CommandDescription* command = arguments.empty() ? nullptr : FindCommand(arguments.front());
  const auto has = [](const auto& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  if (command == nullptr) {
    return false;
  }
  const bool speaks_json = command->name == "start" || command->name == "poll";
  return speaks_json || (has(command->options, "json") && has(arguments, "--json"));
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
  if (command->name == "refresh") {
    options.addOption(Option("worker", "", "for the program itself"));  // not in the help
  }
  std::vector<std::string> foreign;
  if (!command->foreign_arguments.empty()) {
    foreign = TakeForeignArguments(rest, options);
  }
  const Values values = ProcessOptions(rest, options, *command);
  if (values.contains("help")) {
    return PrintCommand{CommandHelp(*command, MakeOptionSet(*command))};
  }
  if (values.contains("version")) {
    return PrintCommand{"grok-auth " GROK_AUTH_VERSION "\n"};
  }
  return MakeCommand(*command, values, std::move(foreign));
}

}  // namespace grokauth::cli
