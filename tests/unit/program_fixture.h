#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "sign_in_fixture.h"

namespace grokauth::test {

inline constexpr const char* kConfig =
    "[profile.work]\nissuer = \"https://id.example\"\nclient_id = \"client-1\"\n";

/// The whole program, its outside faked.
struct Program : SigningIn {
  Program() {
    environment.profile = "work";
    environment.config_folder = "/home/u/.config";
  }

  int Run(const std::vector<std::string>& arguments) {
    const cli::Process process{environment,
                               clock.SteadyNow(),
                               [this](const std::string& path, bool required) {
                                 config_path = path;
                                 config_required = required;
                                 return config;
                               },
                               [this](std::size_t limit) { return ReadRequest(limit); },
                               [this] { return is_worker; },
                               [this](const std::string& text) { report = text; },
                               [] { return 0; }};
    return cli::RunCommand(cli::ParseCommandLine(arguments), edges, process);
  }

  std::optional<std::string> config = kConfig;
  std::string config_path;
  bool config_required = false;
  std::string input;
  int input_reads = 0;
  bool is_worker = false;
  std::string report;

 private:
  std::string ReadRequest(std::size_t limit) {
    ++input_reads;
    return input.substr(0, limit);
  }
};

}  // namespace grokauth::test
