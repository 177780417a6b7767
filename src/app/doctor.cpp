#include "app/doctor.h"

#include <algorithm>
#include <functional>
#include <sstream>
#include <string>
#include <utility>

#include "app/doctor_login.h"
#include "app/doctor_place.h"
#include "app/doctor_server.h"
#include "app/doctor_store.h"
#include "app/git_checks.h"
#include "app/grok_checks.h"
#include "oauth/json.h"

namespace grokauth::app {

namespace {

using Outcome = Check::Outcome;

// Long enough for every path and message; what is longer is somebody's mischief.
constexpr std::size_t kLongestLine = 2000;

const char* Word(Outcome outcome) {
  switch (outcome) {
    case Outcome::kGood:
      return "ok";
    case Outcome::kNote:
      return "note";
    case Outcome::kTrouble:
      break;
  }
  return "trouble";
}

/// What an error is to the check `name`. One that an earlier check has met is told there.
Check MakeTrouble(const std::vector<Check>& checks, const std::string& name, const Error& error) {
  const auto same = std::find_if(checks.begin(), checks.end(),
                                 [&](const Check& check) { return check.finding == error.what(); });
  return same == checks.end()
             ? Check{Outcome::kTrouble, name, error.what(), error.hint()}
             : Check{Outcome::kNote, name, "not checked, for what '" + same->name + "' says", ""};
}

/// Adds to `checks` what `examine` finds. That it fails is a finding, and ends nothing.
void Add(std::vector<Check>& checks, const std::string& name,
         const std::function<std::vector<Check>()>& examine) {
  try {
    std::vector<Check> more = examine();
    checks.insert(checks.end(), std::make_move_iterator(more.begin()),
                  std::make_move_iterator(more.end()));
  } catch (const Interrupted&) {
    throw;
  } catch (const Error& error) {
    checks.push_back(MakeTrouble(checks, name, error));
  } catch (const std::exception& error) {
    checks.push_back({Outcome::kTrouble, name, std::string("cannot be checked: ") + error.what(),
                      "this is a defect of grok-auth; please report it"});
  }
}

std::vector<Check> NotChecked(const std::vector<std::string>& names) {
  std::vector<Check> checks;
  checks.reserve(names.size());
  for (const std::string& name : names) {
    checks.push_back({Outcome::kNote, name, "not checked, without a profile", ""});
  }
  return checks;
}

/// `text` fit for a terminal, line by line.
std::string PrintableLines(const std::string& text) {
  std::istringstream lines(text);
  std::string result;
  for (std::string line; std::getline(lines, line);) {
    // The blanks at the beginning set commands off from words.
    const std::size_t start = std::min(line.find_first_not_of(' '), line.size());
    result += (result.empty() ? "" : "\n") + std::string(start, ' ') +
              oauth::Printable(line.substr(start), kLongestLine);
  }
  return result;
}

std::string Padded(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(text.size(), width - 1), ' ');
}

std::string MakeRow(const Check& check) {
  constexpr std::size_t kOutcomeWidth = 8;
  constexpr std::size_t kNameWidth = 12;
  const std::string margin(kOutcomeWidth + kNameWidth + 2, ' ');
  std::string row = Padded(Word(check.outcome), kOutcomeWidth) + Padded(check.name, kNameWidth) +
                    oauth::Printable(check.finding, kLongestLine) + "\n";
  std::istringstream lines(PrintableLines(check.fix));
  for (std::string line; std::getline(lines, line);) {
    row += margin + line + "\n";
  }
  return row;
}

std::string Count(std::ptrdiff_t count, const std::string& word) {
  return std::to_string(count) + " " + word + (count == 1 ? "" : "s");
}

std::ptrdiff_t CountOf(const std::vector<Check>& checks, Outcome outcome) {
  return std::count_if(checks.begin(), checks.end(),
                       [&](const Check& check) { return check.outcome == outcome; });
}

std::string MakeTable(const std::vector<Check>& checks) {
  std::string table;
  for (const Check& check : checks) {
    table += MakeRow(check);
  }
  const std::ptrdiff_t troubles = CountOf(checks, Outcome::kTrouble);
  const std::ptrdiff_t notes = CountOf(checks, Outcome::kNote);
  return table + (troubles == 0 ? "Nothing is wrong" : Count(troubles, "trouble")) +
         (notes == 0 ? "" : "; " + Count(notes, "note")) + ".\n";
}

std::string MakeJson(const std::vector<Check>& checks, bool is_healthy) {
  std::vector<oauth::JsonObject> list;
  list.reserve(checks.size());
  for (const Check& check : checks) {
    oauth::JsonObject one;
    one.Set("name", check.name)
        .Set("outcome", Word(check.outcome))
        .Set("finding", oauth::Printable(check.finding, kLongestLine))
        .Set("fix", PrintableLines(check.fix));
    list.push_back(std::move(one));
  }
  oauth::JsonObject answer;
  answer.Set("ok", true).Set("healthy", is_healthy).Set("checks", list);
  return answer.Text() + "\n";
}

}  // namespace

std::vector<Check> Examine(Context& context, const GrokConfig& grok_config,
                           const std::vector<Profile>& profiles, bool offline) {
  std::vector<Check> checks;
  std::optional<oauth::ServerMetadata> metadata;
  Add(checks, "issuer", [&] {
    ServerFindings findings = ExamineServer(context, offline);
    metadata = std::move(findings.metadata);
    return std::move(findings.checks);
  });
  Add(checks, "browser", [&] { return std::vector{CheckBrowser(context)}; });
  Add(checks, "sign-in", [&] { return std::vector{CheckSignIn(context, metadata)}; });
  Add(checks, "port", [&] { return std::vector{CheckPort(context, metadata)}; });
  Add(checks, "state", [&] { return ExamineFolder(context.edges.state, context.files.Name(".")); });
  std::optional<StoredLogin> login;
  Add(checks, "login", [&] {
    login = context.store.Load();
    return ExamineLogin(context, *login);
  });
  Add(checks, "keyring", [&] {
    return std::vector{CheckKeyring(context.edges.keyring.Probe(), context.profile, login)};
  });
  Add(checks, "locks",
      [&] { return std::vector{CheckLocks(context, login ? login->store_id : "")}; });
  const bool has_api_key =
      login && login->tokens && login->tokens->credential == Credential::kApiKey;
  Add(checks, "grok", [&] {
    return CheckGrok(grok_config, context.environment, context.edges.programs, has_api_key);
  });
  Add(checks, "git", [&] { return CheckGit(profiles, context.edges.programs); });
  return checks;
}

std::vector<Check> ExamineWithoutProfile(Edges& edges, const Environment& environment,
                                         const GrokConfig& grok_config) {
  std::vector<Check> checks = NotChecked({"issuer", "sign-in", "port"});
  Add(checks, "state", [&] { return ExamineFolder(edges.state, ""); });
  Add(checks, "login", [] { return NotChecked({"login"}); });
  Add(checks, "keyring", [&] { return std::vector{CheckKeyring(edges.keyring.Probe())}; });
  Add(checks, "locks", [] { return NotChecked({"locks"}); });
  Add(checks, "grok", [&] { return CheckGrok(grok_config, environment, edges.programs); });
  return checks;
}

bool PrintChecks(Terminal& terminal, const std::vector<Check>& checks, DoctorFormat format) {
  const bool is_healthy = CountOf(checks, Outcome::kTrouble) == 0;
  terminal.WriteAnswer(format == DoctorFormat::kJson ? MakeJson(checks, is_healthy)
                                                     : MakeTable(checks));
  return is_healthy;
}

}  // namespace grokauth::app
