#include "cli/doctor_command.h"

#include <string>

#include "app/error.h"
#include "cli/configuration.h"

namespace grokauth::cli {

namespace {

using app::Check;
using Outcome = Check::Outcome;

const char* Word(app::Flow flow) {
  switch (flow) {
    case app::Flow::kDevice:
      return "device";
    case app::Flow::kLoopback:
      return "loopback";
    case app::Flow::kAuto:
      break;
  }
  return "auto";
}

Check MakeTrouble(const std::string& name, const app::Error& error) {
  return {Outcome::kTrouble, name, error.what(), error.hint()};
}

Check CheckFile(const CommonOptions& options, const Process& process) {
  const std::string path = ConfigurationPath(options, process);
  if (ReadConfiguration(options, process).path.empty()) {
    return {Outcome::kGood, "config", "no '" + path + "'; none is needed", ""};
  }
  return {Outcome::kGood, "config", "'" + path + "' is in order", ""};
}

Check CheckProfile(const CommonOptions& options, const Process& process) {
  const app::Profile profile =
      app::ChooseProfile(LoadConfiguration(options, process), options.profile, process.environment);
  return {Outcome::kGood, "profile",
          "'" + profile.name + "' at " + profile.issuer + ", flow = \"" + Word(profile.flow) + "\"",
          ""};
}

}  // namespace

app::GrokConfig ExamineGrokConfig(const Process& process) {
  try {
    const std::string path = app::GrokConfigPath(process.environment.grok_folder);
    return app::ParseGrokConfig(process.read_config(path, /*required=*/false).value_or(""));
  } catch (const app::Error& error) {
    app::GrokConfig config;
    config.unreadable = error.what();
    return config;
  }
}

ConfigurationFindings ExamineConfiguration(const CommonOptions& options, const Process& process) {
  ConfigurationFindings findings;
  try {
    findings.checks.push_back(CheckFile(options, process));
  } catch (const app::Error& error) {
    findings.checks.push_back(MakeTrouble("config", error));
    return findings;
  }
  try {
    findings.checks.push_back(CheckProfile(options, process));
    findings.has_profile = true;
  } catch (const app::Error& error) {
    findings.checks.push_back(MakeTrouble("profile", error));
  }
  return findings;
}

}  // namespace grokauth::cli
